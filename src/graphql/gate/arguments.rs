//! What arguments need, and what they are about: values as the resolver will see them, variables put in.

use std::collections::HashMap;

use async_graphql::{Name, Value as ConstValue, Variables, indexmap::IndexMap};
use async_graphql_value::Value;

use super::requirements::Requirements;
use crate::{auth::Permissions, graphql::document::Operation};

/// The variables of one operation: what was given, or the default.
pub(super) struct Given<'a> {
    given: &'a Variables,
    defaults: HashMap<&'a Name, &'a ConstValue>,
}

impl<'a> Given<'a> {
    pub(super) fn new(operation: Operation<'a>, given: &'a Variables) -> Self {
        let definitions = operation.definition.node.variable_definitions.iter();
        let defaults = definitions.filter_map(|definition| {
            let value = definition.node.default_value.as_ref()?;
            Some((&definition.node.name.node, &value.node))
        });
        Self { given, defaults: defaults.collect() }
    }

    fn of(&self, name: &Name) -> Option<&ConstValue> {
        self.given.get(name).or_else(|| self.defaults.get(name).copied())
    }

    /// The value with its variables put in; nothing where it is a variable that was not given.
    pub(super) fn put_in(&self, value: &Value) -> Option<ConstValue> {
        Some(match value {
            Value::Variable(name) => self.of(name)?.clone(),
            Value::List(items) => {
                ConstValue::List(items.iter().map(|item| self.put_in(item).unwrap_or_default()).collect())
            }
            Value::Object(fields) => {
                let fields =
                    fields.iter().filter_map(|(name, value)| Some((name.clone(), self.put_in(value)?)));
                ConstValue::Object(fields.collect::<IndexMap<_, _>>())
            }
            Value::Null => ConstValue::Null,
            Value::Number(number) => ConstValue::Number(number.clone()),
            Value::String(text) => ConstValue::String(text.clone()),
            Value::Boolean(value) => ConstValue::Boolean(*value),
            Value::Binary(bytes) => ConstValue::Binary(bytes.clone()),
            Value::Enum(name) => ConstValue::Enum(name.clone()),
        })
    }
}

impl Requirements {
    /// What giving `value` for something of the input type `takes` needs. What is null is not given.
    pub(super) fn of_input(&self, takes: &Name, value: &ConstValue) -> Permissions {
        let Some(fields) = self.inputs.get(takes) else { return Permissions::NONE };
        match value {
            ConstValue::List(items) => {
                items.iter().map(|item| self.of_input(takes, item)).fold(Permissions::NONE, Permissions::or)
            }
            ConstValue::Object(given) => {
                let given = given.iter().filter(|(_, value)| **value != ConstValue::Null);
                let known = given.filter_map(|(name, value)| Some((fields.get(name)?, value)));
                known
                    .map(|(needs, value)| needs.permissions.or(self.of_input(&needs.takes, value)))
                    .fold(Permissions::NONE, Permissions::or)
            }
            _ => Permissions::NONE,
        }
    }

    /// Whether anything of the input type can need something: if not, its values need not be looked at.
    pub(super) fn can_need(&self, takes: &Name) -> bool {
        let mut open = vec![takes];
        let mut seen = Vec::new();
        while let Some(name) = open.pop() {
            let Some(fields) = self.inputs.get(name).filter(|_| !seen.contains(&name)) else { continue };
            if fields.values().any(|needs| !needs.permissions.is_empty()) {
                return true;
            }
            seen.push(name);
            open.extend(fields.values().map(|needs| &needs.takes));
        }
        false
    }
}
