//! What must hold for the schema as a whole.

use std::collections::BTreeMap;

use async_graphql::{
    Value,
    parser::{
        parse_schema,
        types::{ConstDirective, FieldDefinition, TypeKind, TypeSystemDefinition},
    },
};

use super::sdl;
use crate::auth::Permission;

/// Types that are resources: a field that answers with one says what it needs.
const RESOURCES: [&str; 10] = [
    "TaskDiagram",
    "Handler",
    "Task",
    "WorkflowStep",
    "WorkflowEvent",
    "NamedTask",
    "ApiToken",
    "EventDefinition",
    "TaskAnnotation",
    "AnnotationType",
];

/// Contents, which need more than to know that the thing exists.
const CONTENTS: [&str; 7] = [
    "Task.context",
    "Task.taskAnnotations",
    "TaskFilter.context",
    "WorkflowStep.inputs",
    "WorkflowStep.results",
    "WorkflowStep.error",
    "WorkflowEvent.payload",
];

#[test]
fn schema_graphql_is_the_schema() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql");
    let committed = std::fs::read_to_string(file).unwrap_or_default();
    assert!(
        committed == sdl(),
        "schema.graphql is not the schema any more; look at what changes and commit it:\n    \
         cargo run -- schema > schema.graphql"
    );
}

#[test]
fn every_field_that_needs_a_permission_names_one() {
    let requirements = requirements();
    let mut missing = Vec::new();
    for (field, (base, found)) in &requirements {
        let (owner, _) = field.split_once('.').unwrap();
        let root = ["Query", "Mutation", "Subscription"].contains(&owner);
        let part_of_a_page = owner.ends_with("Connection") || owner.ends_with("Edge");
        let resource = RESOURCES.contains(&base.as_str()) && !part_of_a_page;
        if (root || resource || CONTENTS.contains(&field.as_str())) && found.is_empty() {
            missing.push(field);
        }
        for name in found {
            let known = name == SIGNED_IN || Permission::parse(name).is_some();
            assert!(known, "{field} names an unknown permission: {name}");
        }
    }
    assert!(missing.is_empty(), "these fields say nothing about what they need: {missing:?}");
    assert!(CONTENTS.iter().all(|field| requirements.contains_key(*field)));
}

#[test]
fn what_each_field_needs() {
    let table: Vec<String> = requirements()
        .into_iter()
        .filter(|(_, (_, found))| !found.is_empty())
        .map(|(field, (_, found))| format!("{field:36} {}", found.join(" ")))
        .collect();
    insta::assert_snapshot!(table.join("\n"));
}

#[test]
fn every_type_field_and_argument_is_described() {
    let document = parse_schema(sdl()).unwrap();
    let mut silent = Vec::new();
    for definition in &document.definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let owner = &definition.node.name.node;
        let root = ["Query", "Mutation", "Subscription"].contains(&owner.as_str());
        if definition.node.description.is_none() && !root {
            silent.push(owner.to_string());
        }
        for field in fields(&definition.node.kind) {
            if field.description.is_none() {
                silent.push(format!("{owner}.{}", field.name.node));
            }
            let unsaid = field.arguments.iter().filter(|argument| argument.node.description.is_none());
            silent.extend(
                unsaid.map(|argument| format!("{owner}.{}({})", field.name.node, argument.node.name)),
            );
        }
        if let TypeKind::InputObject(input) = &definition.node.kind {
            let unsaid = input.fields.iter().filter(|field| field.node.description.is_none());
            silent.extend(unsaid.map(|field| format!("{owner}.{}", field.node.name)));
        }
    }
    assert!(silent.is_empty(), "{silent:?}");
}

/// No permission, but somebody.
const SIGNED_IN: &str = "(signed in)";

/// Every field and input field: the name of its type and the permissions it names.
fn requirements() -> BTreeMap<String, (String, Vec<String>)> {
    let document = parse_schema(sdl()).unwrap();
    let mut all = BTreeMap::new();
    for definition in &document.definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let owner = &definition.node.name.node;
        for field in fields(&definition.node.kind) {
            let found = permissions(field.directives.iter().map(|directive| &directive.node));
            let base = field.ty.node.to_string().replace(['[', ']', '!'], "");
            all.insert(format!("{owner}.{}", field.name.node), (base, found));
        }
        if let TypeKind::InputObject(input) = &definition.node.kind {
            for field in &input.fields {
                let found = permissions(field.node.directives.iter().map(|directive| &directive.node));
                all.insert(format!("{owner}.{}", field.node.name), (String::new(), found));
            }
        }
    }
    all
}

fn fields(kind: &TypeKind) -> Vec<&FieldDefinition> {
    match kind {
        TypeKind::Object(object) => object.fields.iter().map(|field| &field.node).collect(),
        _ => Vec::new(),
    }
}

fn permissions<'a>(directives: impl Iterator<Item = &'a ConstDirective>) -> Vec<String> {
    let named = directives.filter(|directive| directive.name.node == "authorize");
    named
        .map(|directive| {
            let argument = |name| directive.get_argument(name).map(|value| &value.node);
            match (argument("permission"), argument("authenticated")) {
                (Some(Value::String(name)), None) => name.clone(),
                (None, Some(Value::Boolean(true))) => SIGNED_IN.to_owned(),
                other => panic!("@authorize without a permission: {other:?}"),
            }
        })
        .collect()
}
