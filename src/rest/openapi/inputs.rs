//! What bodies may hold: the schema's input objects, closed.

use std::collections::BTreeMap;

use async_graphql::parser::types::InputValueDefinition;
use utoipa::openapi::{ObjectBuilder, Ref, Schema, schema::AdditionalProperties};

use super::{
    reference,
    shape::{shape, words},
};
use crate::rest::types::{Types, text};

/// Components by their names.
#[derive(Clone, Default)]
pub struct Inputs(BTreeMap<String, Schema>);

impl Inputs {
    /// Adds an input object without some of its entries, and everything below it: the name that it has here.
    pub fn add(&mut self, input: &str, without: &[&str], types: &Types) -> Option<String> {
        let entries = types.inputs(input)?;
        let name = match without {
            [] => input.to_owned(),
            // Not all of it is in the body.
            _ => format!("{}Body", input.trim_end_matches("Input")),
        };
        if self.0.contains_key(&name) {
            return Some(name);
        }
        let object = ObjectBuilder::new()
            .description(Some(types.about(input)))
            .additional_properties(Some(AdditionalProperties::FreeForm(false)));
        let here = entries.iter().map(|entry| &entry.node);
        let here = here.filter(|entry| !without.contains(&entry.name.node.as_str()));
        let object = here.fold(object, |object, entry| {
            let schema = self.entry(entry, types);
            let object = object.property(entry.name.node.as_str(), schema);
            match entry.ty.node.nullable || entry.default_value.is_some() {
                true => object,
                false => object.required(entry.name.node.as_str()),
            }
        });
        self.0.insert(name.clone(), Schema::Object(object.build()));
        Some(name)
    }

    fn entry(&mut self, entry: &InputValueDefinition, types: &Types) -> utoipa::openapi::RefOr<Schema> {
        let mut schema = shape(&entry.ty.node, text(&entry.description), &mut |name| self.named(name, types));
        if let Some(default) = &entry.default_value
            && let utoipa::openapi::RefOr::T(Schema::Object(object)) = &mut schema
        {
            object.default = default.node.clone().into_json().ok();
        }
        schema
    }

    fn named(&mut self, name: &str, types: &Types) -> Ref {
        if self.add(name, &[], types).is_none()
            && let Some(schema) = words(name, types)
        {
            self.0.insert(name.to_owned(), schema);
        }
        reference(name)
    }

    /// Those as well.
    pub fn extend(&mut self, other: Option<&Self>) {
        self.0.extend(other.into_iter().flat_map(|other| other.0.clone()));
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Schema)> {
        self.0.iter().map(|(name, schema)| (name.as_str(), schema))
    }
}
