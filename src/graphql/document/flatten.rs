//! Brings the field of a subscription to its root.
//!
//! The library looks for it only there: in a fragment it would be a stream without events, and written twice it
//! would be two streams.

use std::collections::HashSet;

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::{Name, Positioned};

use super::roots;

/// Rewrites the subscriptions of a document whose rules were checked.
pub fn subscriptions(document: &mut ExecutableDocument) {
    let flattened: Vec<_> = document
        .operations
        .iter()
        .filter(|(_, operation)| operation.node.ty == OperationType::Subscription)
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

/// One field, with the selections of all its occurrences.
fn flat(document: &ExecutableDocument, operation: &OperationDefinition) -> SelectionSet {
    let mut fields = roots::collect(document, &operation.selection_set.node).into_iter();
    let Some(first) = fields.next() else { return SelectionSet::default() };
    let mut field = first.clone();
    for other in fields {
        field.node.selection_set.node.items.extend(other.node.selection_set.node.items.iter().cloned());
    }
    SelectionSet { items: vec![Positioned::new(Selection::Field(field), first.pos)] }
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
