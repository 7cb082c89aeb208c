//! Puts another cursor in the place of a subscription's `after`, in the parsed document.

use async_graphql::parser::types::{DocumentOperations, Field, Selection};
use async_graphql::{Name, Positioned, Variables};
use async_graphql_value::Value;

use super::Document;

const AFTER: &str = "after";

impl Document {
    /// The same document, whose operation of this name starts after `cursor`.
    ///
    /// An `after` that is a variable stays one and the variable gets the value, since a variable that nothing uses
    /// would be an error. The field is at the root, see `flatten`.
    pub fn resumed(&self, operation: Option<&str>, cursor: &str, variables: &mut Variables) -> Self {
        let mut document = self.clone();
        let operation = match (&mut document.parsed.operations, operation) {
            (DocumentOperations::Single(definition), _) => Some(definition),
            (DocumentOperations::Multiple(all), Some(name)) => all.get_mut(name),
            (DocumentOperations::Multiple(all), None) => all.values_mut().next(),
        };
        if let Some(operation) = operation {
            for item in &mut operation.node.selection_set.node.items {
                if let Selection::Field(field) = &mut item.node {
                    replace(field, cursor, variables);
                }
            }
        }
        document
    }
}

fn replace(field: &mut Positioned<Field>, cursor: &str, variables: &mut Variables) {
    let pos = field.pos;
    match field.node.arguments.iter_mut().find(|(name, _)| name.node == AFTER) {
        Some((_, value)) => match &value.node {
            Value::Variable(variable) => {
                variables.insert(variable.clone(), cursor.into());
            }
            _ => value.node = Value::String(cursor.to_owned()),
        },
        None => {
            let name = Positioned::new(Name::new(AFTER), pos);
            field.node.arguments.push((name, Positioned::new(Value::String(cursor.to_owned()), pos)));
        }
    }
}
