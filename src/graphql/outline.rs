//! What the transports need to know about the schema: which fields are lists, and which subscriptions resume.
//!
//! Read from the schema's own text, so that there is nothing to keep in step. Fields are known by name alone,
//! because a document is bounded before anyone knows its types; the longer list wins.

use std::collections::{HashMap, HashSet};

use async_graphql::Value;
use async_graphql::parser::types::{BaseType, FieldDefinition, TypeKind, TypeSystemDefinition};
use async_graphql::parser::{Error, parse_schema};

/// The lists and the resumable subscriptions of a schema.
#[derive(Clone, Debug, Default)]
pub struct Outline {
    /// A list's name, and the default of the argument that bounds it, if it has one.
    lists: HashMap<String, Option<u64>>,
    resumable: HashSet<String>,
}

impl Outline {
    /// Reads what [`async_graphql::Schema::sdl`] wrote.
    pub fn from_sdl(sdl: &str) -> Result<Self, Error> {
        let mut outline = Self::default();
        let mut subscription = "Subscription".to_owned();
        let document = parse_schema(sdl)?;
        for definition in &document.definitions {
            if let TypeSystemDefinition::Schema(schema) = definition
                && let Some(name) = &schema.node.subscription
            {
                subscription = name.node.to_string();
            }
        }
        for definition in document.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let type_name = definition.node.name.node;
            let fields = match definition.node.kind {
                TypeKind::Object(object) => object.fields,
                TypeKind::Interface(interface) => interface.fields,
                TypeKind::Scalar | TypeKind::Union(_) | TypeKind::Enum(_) | TypeKind::InputObject(_) => {
                    continue;
                }
            };
            for field in fields {
                if type_name == *subscription {
                    outline.subscription(&field.node);
                } else if !type_name.ends_with("Connection") {
                    // The connection itself has been multiplied by its size; its lists are that list.
                    outline.list(&field.node);
                }
            }
        }
        Ok(outline)
    }

    /// How many elements a field of this name has when nobody says; `None` if no such field is a list.
    pub fn list_size(&self, field: &str, otherwise: u64) -> Option<u64> {
        self.lists.get(field).map(|size| size.unwrap_or(otherwise))
    }

    /// Whether a subscription can start after a cursor.
    pub fn resumes(&self, subscription: &str) -> bool {
        self.resumable.contains(subscription)
    }

    fn subscription(&mut self, field: &FieldDefinition) {
        if field.arguments.iter().any(|argument| argument.node.name.node == "after") {
            self.resumable.insert(field.name.node.to_string());
        }
    }

    fn list(&mut self, field: &FieldDefinition) {
        let sizes = ["limit", "first", "last"];
        let mut bounds =
            field.arguments.iter().filter(|argument| sizes.contains(&argument.node.name.node.as_str()));
        let bounded = bounds.clone().next().is_some();
        let default = bounds.find_map(|argument| match &argument.node.default_value.as_ref()?.node {
            Value::Number(number) => number.as_u64(),
            _ => None,
        });
        if bounded || matches!(field.ty.node.base, BaseType::List(_)) {
            let known = self.lists.entry(field.name.node.to_string()).or_insert(default);
            *known = (*known).max(default);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_cursors_are_read_from_the_schema() {
        let sdl = "
            type Query { tasks(limit: Int! = 50): [Task!]! task: Task page(first: Int): TaskConnection! }
            type Task { steps: [Step!]! name: String! }
            type Step { name: String! }
            type TaskConnection { nodes: [Task!]! }
            type Subscription { events(after: String): Task! ticks(n: Int): Int! }
            schema { query: Query subscription: Subscription }";
        let outline = Outline::from_sdl(sdl).unwrap();
        let size = |field| outline.list_size(field, 20);
        assert_eq!(
            [size("tasks"), size("steps"), size("page"), size("task"), size("nodes")],
            [Some(50), Some(20), Some(20), None, None]
        );
        assert!(outline.resumes("events"));
        assert!(!outline.resumes("ticks"));
    }
}
