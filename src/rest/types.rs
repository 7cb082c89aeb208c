//! The GraphQL schema, to be looked things up in.

use std::collections::HashMap;

use async_graphql::{
    Name, Positioned,
    parser::{
        Error, parse_schema,
        types::{
            BaseType, FieldDefinition, InputValueDefinition, OperationType, Type, TypeDefinition, TypeKind,
            TypeSystemDefinition,
        },
    },
};

/// Its types by their names.
#[derive(Debug, Default)]
pub struct Types {
    types: HashMap<Name, TypeDefinition>,
    query: Option<Name>,
    mutation: Option<Name>,
}

impl Types {
    /// Of the schema with this text.
    pub fn from_sdl(sdl: &str) -> Result<Self, Error> {
        let mut read = Self::default();
        for definition in parse_schema(sdl)?.definitions {
            match definition {
                TypeSystemDefinition::Schema(schema) => {
                    read.query = schema.node.query.map(|name| name.node);
                    read.mutation = schema.node.mutation.map(|name| name.node);
                }
                TypeSystemDefinition::Type(definition) => {
                    read.types.insert(definition.node.name.node.clone(), definition.node);
                }
                TypeSystemDefinition::Directive(_) => {}
            }
        }
        Ok(read)
    }

    /// The type whose fields an operation selects.
    pub fn root(&self, of: OperationType) -> Option<&Name> {
        match of {
            OperationType::Query => self.query.as_ref(),
            OperationType::Mutation => self.mutation.as_ref(),
            OperationType::Subscription => None,
        }
    }

    pub fn field(&self, owner: &str, field: &str) -> Option<&FieldDefinition> {
        let TypeKind::Object(object) = &self.types.get(owner)?.kind else { return None };
        object.fields.iter().map(|known| &known.node).find(|known| known.name.node == field)
    }

    /// The names of a type's fields.
    #[cfg(test)]
    pub fn fields(&self, owner: &str) -> impl Iterator<Item = &str> {
        let fields = match self.types.get(owner).map(|known| &known.kind) {
            Some(TypeKind::Object(object)) => object.fields.as_slice(),
            _ => &[],
        };
        fields.iter().map(|field| field.node.name.node.as_str())
    }

    /// What an input object has.
    pub fn inputs(&self, of: &str) -> Option<&[Positioned<InputValueDefinition>]> {
        match &self.types.get(of)?.kind {
            TypeKind::InputObject(input) => Some(&input.fields),
            _ => None,
        }
    }

    pub fn input(&self, of: &str, name: &str) -> Option<&InputValueDefinition> {
        self.inputs(of)?.iter().map(|known| &known.node).find(|known| known.name.node == name)
    }

    /// The words of an enum, with what each means.
    pub fn words(&self, of: &str) -> Option<Vec<(&str, &str)>> {
        match &self.types.get(of)?.kind {
            TypeKind::Enum(words) => Some(
                words
                    .values
                    .iter()
                    .map(|word| (word.node.value.node.as_str(), text(&word.node.description)))
                    .collect(),
            ),
            _ => None,
        }
    }

    /// Whether it has fields of its own.
    pub fn is_object(&self, name: &str) -> bool {
        self.types.get(name).is_some_and(|known| matches!(known.kind, TypeKind::Object(_)))
    }

    /// What a type is for.
    pub fn about(&self, name: &str) -> &str {
        self.types.get(name).map_or("", |known| text(&known.description))
    }
}

/// A description; empty where there is none.
pub fn text(description: &Option<Positioned<String>>) -> &str {
    description.as_ref().map_or("", |description| description.node.as_str())
}

/// The type that lists are of.
pub fn base(of: &Type) -> &Name {
    match &of.base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => base(inner),
    }
}
