//! What answers hold: the schema's types, with the fields that documents select. One is required where all do.

use std::collections::BTreeMap;

use async_graphql::{
    indexmap::IndexMap,
    parser::types::{FieldDefinition, OperationDefinition, Selection, SelectionSet},
};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};

use super::{
    reference,
    shape::{shape, words},
};
use crate::rest::{
    answer::PAGE,
    ready::root_field,
    types::{Types, base, text},
};

/// The types that were come by so far.
pub struct Outputs<'a> {
    types: &'a Types,
    seen: BTreeMap<String, Seen<'a>>,
}

/// A type, over all selections.
#[derive(Default)]
struct Seen<'a> {
    times: usize,
    /// By the key in the answer: the field, and how often it was selected.
    fields: IndexMap<String, (&'a FieldDefinition, usize)>,
}

impl<'a> Seen<'a> {
    fn select(&mut self, key: &str, field: &'a FieldDefinition) {
        self.fields.entry(key.to_owned()).or_insert((field, 0)).1 += 1;
    }

    fn object(&self, about: &str, required: usize) -> Schema {
        let object = ObjectBuilder::new().description((!about.is_empty()).then_some(about));
        let object = self.fields.iter().fold(object, |object, (key, (field, times))| {
            let named = &mut |name: &str| reference(name);
            let object = object.property(key, shape(&field.ty.node, text(&field.description), named));
            if *times == required { object.required(key) } else { object }
        });
        Schema::Object(object.build())
    }
}

impl<'a> Outputs<'a> {
    pub fn new(types: &'a Types) -> Self {
        Self { types, seen: BTreeMap::new() }
    }

    /// What is answered to any of these operations, as one schema.
    pub fn answer(&mut self, operations: &[OperationDefinition]) -> RefOr<Schema> {
        let mut answer = Seen::default();
        for operation in operations {
            let Some(root) = self.types.root(operation.ty) else { continue };
            let Some((field, key)) = root_field(operation) else { continue };
            let Some(known) = self.types.field(root, &field.name.node) else { continue };
            if key == PAGE {
                let owner = base(&known.ty.node);
                self.select(&mut answer, owner, &field.selection_set.node);
            } else {
                answer.select(key, known);
                self.visit(base(&known.ty.node), &field.selection_set.node);
            }
        }
        let mut schema = answer.object("", operations.len());
        if let Schema::Object(object) = &mut schema {
            // What is null at the root is no answer but a 404.
            for (key, (field, _)) in answer.fields.iter().filter(|(_, (field, _))| field.ty.node.nullable) {
                let there = async_graphql::parser::types::Type { nullable: false, ..field.ty.node.clone() };
                let named = &mut |name: &str| reference(name);
                object.properties.insert(key.clone(), shape(&there, text(&field.description), named));
            }
        }
        schema.into()
    }

    fn visit(&mut self, owner: &str, set: &SelectionSet) {
        if !self.types.is_object(owner) {
            if self.types.words(owner).is_some() {
                self.seen.entry(owner.to_owned()).or_default();
            }
            return;
        }
        let mut seen = self.seen.remove(owner).unwrap_or_default();
        seen.times += 1;
        self.select(&mut seen, owner, set);
        // A type inside itself would have been counted meanwhile.
        let inside = self.seen.remove(owner).unwrap_or_default();
        seen.times += inside.times;
        for (key, (field, times)) in inside.fields {
            seen.fields.entry(key).or_insert((field, 0)).1 += times;
        }
        self.seen.insert(owner.to_owned(), seen);
    }

    fn select(&mut self, into: &mut Seen<'a>, owner: &str, set: &SelectionSet) {
        for item in &set.items {
            let Selection::Field(field) = &item.node else { continue };
            let Some(known) = self.types.field(owner, &field.node.name.node) else { continue };
            into.select(&field.node.response_key().node, known);
            self.visit(base(&known.ty.node), &field.node.selection_set.node);
        }
    }

    /// All of them by their names.
    pub fn components(&self) -> Vec<(String, RefOr<Schema>)> {
        let component = |(name, seen): (&String, &Seen<'_>)| {
            let schema =
                words(name, self.types).unwrap_or_else(|| seen.object(self.types.about(name), seen.times));
            (name.clone(), RefOr::T(schema))
        };
        self.seen.iter().map(component).collect()
    }
}
