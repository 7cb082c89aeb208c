//! What the transports need to know about the schema: which fields are lists, and which subscriptions resume.
//!
//! Read from the schema's own text, so that there is nothing to keep in step. A document is bounded before anyone has
//! looked whether it fits: a field that its type does not have is taken for the longest list of its name.

use std::collections::{HashMap, HashSet};

use async_graphql::Value;
use async_graphql::parser::types::{
    BaseType, FieldDefinition, OperationType, Type, TypeKind, TypeSystemDefinition,
};
use async_graphql::parser::{Error, parse_schema};

/// The arguments that bound a list.
pub const SIZES: [&str; 3] = ["limit", "first", "last"];

/// Lists of these that nobody bounds hold up to a hundred, and usually a few dozen: more than other lists behind a field.
const MANY: (&str, u64) = ("WorkflowEvent", 20);

/// The lists and the resumable subscriptions of a schema.
#[derive(Clone, Debug, Default)]
pub struct Outline {
    /// What a type's fields are.
    types: HashMap<String, HashMap<String, Known>>,
    /// The type that each kind of operation begins with.
    roots: Vec<(OperationType, String)>,
    /// A list's name, and the default of the argument that bounds it, if it has one.
    lists: HashMap<String, Option<u64>>,
    resumable: HashSet<String>,
}

/// A field.
#[derive(Clone, Debug)]
struct Known {
    /// What it answers with, or a list of it.
    of: String,
    /// Where it is a list: the default of the argument that bounds it.
    list: Option<Option<u64>>,
}

impl Outline {
    /// Reads what [`async_graphql::Schema::sdl`] wrote.
    pub fn from_sdl(sdl: &str) -> Result<Self, Error> {
        let mut outline = Self::default();
        let mut types: Vec<(String, Vec<FieldDefinition>)> = Vec::new();
        for definition in parse_schema(sdl)?.definitions {
            match definition {
                TypeSystemDefinition::Schema(schema) => outline.roots.extend(
                    [
                        (OperationType::Query, schema.node.query),
                        (OperationType::Mutation, schema.node.mutation),
                        (OperationType::Subscription, schema.node.subscription),
                    ]
                    .into_iter()
                    .filter_map(|(kind, name)| Some((kind, name?.node.to_string()))),
                ),
                TypeSystemDefinition::Type(definition) => {
                    let fields = match definition.node.kind {
                        TypeKind::Object(object) => object.fields,
                        TypeKind::Interface(interface) => interface.fields,
                        TypeKind::Scalar
                        | TypeKind::Union(_)
                        | TypeKind::Enum(_)
                        | TypeKind::InputObject(_) => continue,
                    };
                    let fields = fields.into_iter().map(|field| field.node).collect();
                    types.push((definition.node.name.node.to_string(), fields));
                }
                TypeSystemDefinition::Directive(_) => {}
            }
        }
        // Whoever is behind a size that was asked for has been multiplied by it: its lists are that list.
        let fields = types.iter().flat_map(|(_, fields)| fields);
        let sized = fields.filter(|field| bounds(field).next().is_some() && !is_list(&field.ty.node));
        let sized: HashSet<String> = sized.map(|field| base(&field.ty.node)).collect();
        for (owner, fields) in types {
            for field in fields {
                outline.add(&owner, &field, sized.contains(&owner) || owner.ends_with("Graph"));
            }
        }
        Ok(outline)
    }

    /// The type that an operation's own fields are of.
    pub fn root(&self, operation: OperationType) -> Option<&str> {
        let named = self.roots.iter().find(|(kind, _)| *kind == operation);
        named.map(|(_, name)| name.as_str())
    }

    /// The type that a field answers with, or a list of it.
    pub fn answers_with(&self, owner: Option<&str>, field: &str) -> Option<&str> {
        self.known(owner, field).map(|known| known.of.as_str())
    }

    /// How many elements a field has when nobody says; `None` if it is no list.
    pub fn list_size(&self, owner: Option<&str>, field: &str, otherwise: u64) -> Option<u64> {
        let list = match self.known(owner, field) {
            Some(known) => known.list,
            None => self.lists.get(field).copied(),
        };
        list.map(|size| size.unwrap_or(otherwise))
    }

    /// Whether a subscription can start after a cursor.
    pub fn resumes(&self, subscription: &str) -> bool {
        self.resumable.contains(subscription)
    }

    fn known(&self, owner: Option<&str>, field: &str) -> Option<&Known> {
        self.types.get(owner?)?.get(field)
    }

    /// A field of the type `owner`; `counted` where the lists of that type are counted already.
    fn add(&mut self, owner: &str, field: &FieldDefinition, counted: bool) {
        let name = field.name.node.to_string();
        let of = base(&field.ty.node);
        if self.root(OperationType::Subscription) == Some(owner) {
            if field.arguments.iter().any(|argument| argument.node.name.node == "after") {
                self.resumable.insert(name.clone());
            }
            self.types.entry(owner.to_owned()).or_default().insert(name, Known { of, list: None });
            return;
        }
        let default = bounds(field).find_map(|value| match value? {
            Value::Number(number) => number.as_u64(),
            _ => None,
        });
        let bounded = bounds(field).next().is_some();
        let default = default.or((of == MANY.0 && !bounded).then_some(MANY.1));
        let long = is_list(&field.ty.node) || of.ends_with("Graph");
        let list = (!counted && (bounded || long)).then_some(default);
        if let Some(default) = list {
            let known = self.lists.entry(name.clone()).or_insert(default);
            *known = (*known).max(default);
        }
        self.types.entry(owner.to_owned()).or_default().insert(name, Known { of, list });
    }
}

/// The defaults of the arguments that bound it.
fn bounds(field: &FieldDefinition) -> impl Iterator<Item = Option<&Value>> {
    let arguments = field.arguments.iter().map(|argument| &argument.node);
    let sizes = arguments.filter(|argument| SIZES.contains(&argument.name.node.as_str()));
    sizes.map(|argument| argument.default_value.as_ref().map(|value| &value.node))
}

fn is_list(of: &Type) -> bool {
    matches!(of.base, BaseType::List(_))
}

fn base(of: &Type) -> String {
    match &of.base {
        BaseType::List(of) => base(of),
        BaseType::Named(name) => name.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_cursors_are_read_from_the_schema() {
        let sdl = "
            type Query { tasks(limit: Int! = 50): [Task!]! task: Task page(first: Int): TaskConnection! figures: Figures! }
            type Figures { tasks: Task! }
            type Task { steps: [Step!]! name: String! shape: StepGraph! }
            type StepGraph { arrows: [Step!]! }
            type Step { name: String! }
            type TaskConnection { nodes: [Task!]! }
            type Subscription { events(after: String): Task! ticks(n: Int): Int! }
            schema { query: Query subscription: Subscription }";
        let outline = Outline::from_sdl(sdl).unwrap();
        let size = |owner, field| outline.list_size(Some(owner), field, 20);
        assert_eq!([size("Query", "tasks"), size("Query", "page")], [Some(50), Some(20)]);
        assert_eq!([size("Query", "task"), size("TaskConnection", "nodes")], [None, None]);
        assert_eq!([size("Task", "steps"), size("Task", "shape")], [Some(20), Some(20)]);
        assert_eq!(size("StepGraph", "arrows"), None, "the graph is a list of them");
        assert_eq!(
            [size("Task", "name"), size("Figures", "tasks")],
            [None, None],
            "by its type, not by its name"
        );
        assert_eq!(outline.answers_with(Some("Query"), "tasks"), Some("Task"));
        assert_eq!(outline.root(OperationType::Query), Some("Query"));
        for owner in [None, Some("Elsewhere")] {
            assert_eq!(outline.list_size(owner, "tasks", 20), Some(50), "the longest of the name");
        }
        assert!(outline.resumes("events"));
        assert!(!outline.resumes("ticks"));
    }
}
