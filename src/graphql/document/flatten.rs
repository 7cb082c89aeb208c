//! Brings the field of a subscription to its root, and the fields of a mutation that are written twice together.
//!
//! The library looks for a subscription's field only at its root: in a fragment it would be a stream without events, and
//! written twice it would be two streams. A mutation's field that is written twice it would execute twice.

use std::collections::HashSet;

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, Field, OperationDefinition, OperationType, Selection,
    SelectionSet,
};
use async_graphql::{Name, Positioned};

use super::roots;

/// Rewrites the operations of a document whose rules were checked, where they have to be.
pub fn operations(document: &mut ExecutableDocument) {
    let flattened: Vec<_> = document
        .operations
        .iter()
        .filter(|(_, operation)| match operation.node.ty {
            OperationType::Query => false,
            OperationType::Mutation => roots::repeats(document, &operation.node),
            OperationType::Subscription => true,
        })
        .map(|(name, operation)| (name.cloned(), flat(document, &operation.node)))
        .collect();
    if flattened.is_empty() {
        return;
    }
    for (name, set) in flattened {
        let operation = match (&mut document.operations, name) {
            (DocumentOperations::Single(operation), _) => Some(operation),
            (DocumentOperations::Multiple(all), Some(name)) => all.get_mut(&name),
            (DocumentOperations::Multiple(_), None) => None,
        };
        if let Some(operation) = operation {
            operation.node.selection_set.node = set;
        }
    }
    let used = used_fragments(document);
    document.fragments.retain(|name, _| used.contains(name));
}

/// The root fields in their order, each key once, with the selections of all its occurrences.
fn flat(document: &ExecutableDocument, operation: &OperationDefinition) -> SelectionSet {
    let mut fields: Vec<Positioned<Field>> = Vec::new();
    for field in roots::collect(document, &operation.selection_set.node) {
        let key = field.node.response_key();
        match fields.iter_mut().find(|known| known.node.response_key().node == key.node) {
            Some(known) => {
                let more = field.node.selection_set.node.items.iter().cloned();
                known.node.selection_set.node.items.extend(more);
            }
            None => fields.push(field.clone()),
        }
    }
    let selection = |field: Positioned<Field>| {
        let pos = field.pos;
        Positioned::new(Selection::Field(field), pos)
    };
    SelectionSet { items: fields.into_iter().map(selection).collect() }
}

fn used_fragments(document: &ExecutableDocument) -> HashSet<Name> {
    let mut used = HashSet::new();
    let mut sets: Vec<_> =
        document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node).collect();
    while let Some(set) = sets.pop() {
        for item in &set.items {
            match &item.node {
                Selection::Field(field) => sets.push(&field.node.selection_set.node),
                Selection::InlineFragment(inline) => sets.push(&inline.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    if let Some(fragment) = document.fragments.get(name)
                        && used.insert(name.clone())
                    {
                        sets.push(&fragment.node.selection_set.node);
                    }
                }
            }
        }
    }
    used
}
