//! The schema as a test reads it: not with the eyes of the gate.

use std::{collections::BTreeMap, sync::LazyLock};

use async_graphql::parser::{
    parse_schema,
    types::{BaseType, ConstDirective, Type, TypeKind, TypeSystemDefinition},
};
use async_graphql::{Positioned, Value};

/// The committed text, which is what callers are promised.
pub const TEXT: &str = include_str!("../../../schema.graphql");

/// The same, read.
pub static SDL: LazyLock<Sdl> = LazyLock::new(Sdl::read);

/// A field with what it takes and needs.
#[derive(Debug, Clone)]
pub struct Field {
    pub name: String,
    pub answers: Type,
    pub arguments: Vec<Input>,
    pub needs: Vec<String>,
}

/// An argument, or a field of an input object.
#[derive(Debug, Clone)]
pub struct Input {
    pub name: String,
    pub takes: Type,
    pub default: Option<Value>,
    pub needs: Vec<String>,
}

impl Input {
    pub fn is_required(&self) -> bool {
        !self.takes.nullable && self.default.is_none()
    }
}

/// The types by their names.
#[derive(Debug, Default)]
pub struct Sdl {
    pub objects: BTreeMap<String, Vec<Field>>,
    pub inputs: BTreeMap<String, Vec<Input>>,
    pub enums: BTreeMap<String, Vec<String>>,
}

impl Sdl {
    fn read() -> Self {
        let mut sdl = Self::default();
        for definition in parse_schema(TEXT).expect("a schema").definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let name = definition.node.name.node.to_string();
            match definition.node.kind {
                TypeKind::Object(object) => {
                    let fields = object.fields.into_iter().map(|field| Field {
                        name: field.node.name.node.to_string(),
                        answers: field.node.ty.node.clone(),
                        arguments: field.node.arguments.iter().map(|one| input(&one.node)).collect(),
                        needs: needs(&field.node.directives),
                    });
                    sdl.objects.insert(name, fields.collect());
                }
                TypeKind::InputObject(object) => {
                    sdl.inputs.insert(name, object.fields.iter().map(|one| input(&one.node)).collect());
                }
                TypeKind::Enum(words) => {
                    let words = words.values.iter().map(|word| word.node.value.node.to_string());
                    sdl.enums.insert(name, words.collect());
                }
                TypeKind::Scalar => {}
                TypeKind::Interface(_) | TypeKind::Union(_) => {
                    panic!("the generator of documents knows no abstract types yet: {name}")
                }
            }
        }
        sdl
    }

    pub fn field(&self, owner: &str, name: &str) -> &Field {
        let fields = &self.objects[owner];
        fields.iter().find(|field| field.name == name).unwrap_or_else(|| panic!("{owner}.{name}"))
    }

    /// Whether a field answers with something that has fields of its own.
    pub fn has_fields(&self, field: &Field) -> bool {
        self.objects.contains_key(base(&field.answers))
    }

    /// Every `Type.field` that needs something, with each permission it needs.
    pub fn guarded(&self) -> Vec<(String, String, String)> {
        let all = self.objects.iter().flat_map(|(owner, fields)| {
            fields.iter().flat_map(move |field| {
                field.needs.iter().map(move |needs| (owner.clone(), field.name.clone(), needs.clone()))
            })
        });
        all.collect()
    }
}

/// The name of a type without its lists and exclamation marks.
pub fn base(of: &Type) -> &str {
    match &of.base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => base(inner),
    }
}

fn input(definition: &async_graphql::parser::types::InputValueDefinition) -> Input {
    Input {
        name: definition.name.node.to_string(),
        takes: definition.ty.node.clone(),
        default: definition.default_value.as_ref().map(|value| value.node.clone()),
        needs: needs(&definition.directives),
    }
}

fn needs(directives: &[Positioned<ConstDirective>]) -> Vec<String> {
    let mine = directives.iter().filter(|directive| directive.node.name.node == "authorize");
    let words = mine.filter_map(|directive| match &directive.node.get_argument("permission")?.node {
        Value::String(text) => Some(text.clone()),
        _ => None,
    });
    words.collect()
}
