//! The root fields of an operation.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{
    ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::{Positioned, ServerError};

use crate::graphql::error::Code;

/// Refuses root fields that would overwrite one another, and a subscription that has not exactly one.
pub fn check(document: &ExecutableDocument) -> Result<(), ServerError> {
    for (_, operation) in document.operations.iter() {
        let roots = collect(document, &operation.node.selection_set.node);
        let mut by_key: HashMap<&str, &Field> = HashMap::new();
        for root in &roots {
            let key = root.node.response_key();
            let first = by_key.entry(key.node.as_str()).or_insert(&root.node);
            if !is_same(first, &root.node) {
                let message = format!("Fields \"{}\" conflict: they are not the same field", key.node);
                return Err(Code::ValidationRejected.refuse_at(message, key.pos));
            }
        }
        if operation.node.ty == OperationType::Mutation
            && repeats(document, &operation.node)
            && has_conditions(document, &operation.node.selection_set.node)
        {
            let message =
                "A field of a mutation that is skipped or included can't be written twice: give it an alias";
            return Err(Code::ValidationRejected.refuse_at(message, operation.pos));
        }
        if operation.node.ty == OperationType::Subscription {
            let introspection = by_key.values().any(|field| field.name.node.starts_with("__"));
            let message = if by_key.len() != 1 || introspection {
                "A subscription must select exactly one field, and that not of introspection"
            } else if has_conditions(document, &operation.node.selection_set.node) {
                "The field of a subscription can't be skipped or included"
            } else {
                continue;
            };
            return Err(Code::ValidationRejected.refuse_at(message, operation.pos));
        }
    }
    Ok(())
}

/// Whether a root field is written several times under one key. To ask for a type's name again does nothing.
pub fn repeats(document: &ExecutableDocument, operation: &OperationDefinition) -> bool {
    let mut keys = HashSet::new();
    let roots = collect(document, &operation.selection_set.node);
    let mut roots = roots.into_iter().filter(|root| root.node.name.node != "__typename");
    !roots.all(|root| keys.insert(root.node.response_key().node.as_str()))
}

/// The fields of a set, through fragments, in the order they are written.
pub fn collect<'a>(document: &'a ExecutableDocument, set: &'a SelectionSet) -> Vec<&'a Positioned<Field>> {
    let mut fields = Vec::new();
    for item in &set.items {
        match &item.node {
            Selection::Field(field) => fields.push(field),
            Selection::InlineFragment(inline) => {
                fields.extend(collect(document, &inline.node.selection_set.node));
            }
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                    fields.extend(collect(document, &fragment.node.selection_set.node));
                }
            }
        }
    }
    fields
}

/// Whether any selection at the root, fragments and what is in them, has a directive.
fn has_conditions(document: &ExecutableDocument, set: &SelectionSet) -> bool {
    set.items.iter().any(|item| {
        let inside = match &item.node {
            Selection::Field(_) => None,
            Selection::InlineFragment(inline) => Some(&inline.node.selection_set.node),
            Selection::FragmentSpread(spread) => {
                let fragment = document.fragments.get(&spread.node.fragment_name.node);
                fragment.map(|fragment| &fragment.node.selection_set.node)
            }
        };
        !item.node.directives().is_empty() || inside.is_some_and(|set| has_conditions(document, set))
    })
}

/// The same field with the same arguments, in any order.
fn is_same(one: &Field, other: &Field) -> bool {
    one.name.node == other.name.node
        && one.arguments.len() == other.arguments.len()
        && one.arguments.iter().all(|(name, value)| other.get_argument(&name.node) == Some(value))
}
