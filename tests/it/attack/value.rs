//! Values for arguments, and what giving them needs.

use std::collections::BTreeSet;

use async_graphql::parser::types::{BaseType, Type};
use serde_json::{Map, Value, json};

use super::{
    choices::Choices,
    sdl::{Input, Sdl, base},
};

/// An id that nothing has.
pub const NOBODYS_ID: &str = "0197f1a0-0000-7000-8000-000000000000";

/// A value, what giving it needs, and how it is handed over.
#[derive(Debug, Clone)]
pub struct Given {
    pub value: Value,
    pub needs: BTreeSet<String>,
    pub by: By,
}

/// How a value gets into a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Literal,
    Variable,
    /// A variable that is not given and has it as its default.
    Default,
    /// Each field of an object by a variable of its own; those that are null are not given.
    Parts,
}

/// A random value for this argument.
pub fn give(sdl: &Sdl, argument: &Input, choices: &mut Choices<'_>) -> Given {
    let mut needs: BTreeSet<String> = argument.needs.iter().cloned().collect();
    let value = value(sdl, &argument.takes, choices, &mut needs);
    if value.is_null() {
        needs.clear();
    }
    let parts = sdl.inputs.contains_key(base(&argument.takes)) && value.is_object();
    let by = match choices.of(4) {
        1 => By::Variable,
        2 if !value.is_null() => By::Default,
        3 if parts => By::Parts,
        _ => By::Literal,
    };
    Given { value, needs, by }
}

/// A value that is good for the type, of few elements.
pub fn value(sdl: &Sdl, takes: &Type, choices: &mut Choices<'_>, needs: &mut BTreeSet<String>) -> Value {
    if takes.nullable && choices.one_in(4) {
        return Value::Null;
    }
    let name = match &takes.base {
        BaseType::Named(name) => name.as_str(),
        BaseType::List(item) => {
            let count = choices.of(2) + 1;
            // One is as good as a list of one.
            return match choices.one_in(4) {
                true => value(sdl, item, choices, needs),
                false => (0..count).map(|_| value(sdl, item, choices, needs)).collect(),
            };
        }
    };
    if let Some(fields) = sdl.inputs.get(name) {
        let mut object = Map::new();
        for field in fields {
            if field.is_required() || choices.one_in(2) {
                let mut inner = field.needs.iter().cloned().collect();
                let given = value(sdl, &field.takes, choices, &mut inner);
                if !given.is_null() {
                    needs.extend(inner);
                }
                object.insert(field.name.clone(), given);
            }
        }
        return Value::Object(object);
    }
    if let Some(words) = sdl.enums.get(name) {
        return json!(choices.pick(words));
    }
    match name {
        "ID" => json!(NOBODYS_ID),
        "String" => json!(choices.pick(&["x", "){ x }(", "a\"b", "}\n# ...F", ""])),
        "Int" => json!(choices.of(3) + 1),
        "Float" => json!(0.5),
        "Boolean" => json!(choices.one_in(2)),
        "DateTime" => json!("2026-11-23T09:30:00Z"),
        "JSON" => choices.pick(&[json!(1), json!("}"), json!([]), json!({ "a": null })]).clone(),
        other => panic!("no value for {other}"),
    }
}
