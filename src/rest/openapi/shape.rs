//! A GraphQL type as JSON Schema has it.

use async_graphql::parser::types::{BaseType, Type};
use utoipa::openapi::{
    ArrayBuilder, KnownFormat, ObjectBuilder, OneOfBuilder, Ref, RefOr, Schema, SchemaFormat,
    schema::{SchemaType, Type as Json},
};

use crate::rest::types::Types;

/// The schema of a value of this type. Objects and enums are asked for by their names.
pub fn shape(of: &Type, about: &str, named: &mut dyn FnMut(&str) -> Ref) -> RefOr<Schema> {
    let described = (!about.is_empty()).then(|| about.to_owned());
    let kind = |json: Json| match of.nullable {
        true => SchemaType::from_iter([json, Json::Null]),
        false => SchemaType::new(json),
    };
    match &of.base {
        BaseType::List(each) => ArrayBuilder::new()
            .schema_type(kind(Json::Array))
            .items(shape(each, "", named))
            .description(described)
            .into(),
        BaseType::Named(name) => {
            let plain = |json: Json, format: Option<SchemaFormat>| {
                ObjectBuilder::new()
                    .schema_type(kind(json))
                    .format(format)
                    .description(described.clone())
                    .into()
            };
            match name.as_str() {
                "String" => plain(Json::String, None),
                "Boolean" => plain(Json::Boolean, None),
                "Int" => plain(Json::Integer, Some(SchemaFormat::KnownFormat(KnownFormat::Int32))),
                "Float" => plain(Json::Number, Some(SchemaFormat::KnownFormat(KnownFormat::Double))),
                "ID" => plain(Json::String, Some(SchemaFormat::Custom("uuid".to_owned()))),
                "DateTime" => plain(Json::String, Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))),
                "JSON" => {
                    ObjectBuilder::new().schema_type(SchemaType::AnyValue).description(described).into()
                }
                other if of.nullable => OneOfBuilder::new()
                    .item(named(other))
                    .item(ObjectBuilder::new().schema_type(Json::Null))
                    .description(described)
                    .into(),
                other => {
                    let mut to = named(other);
                    to.description = described.unwrap_or_default();
                    to.into()
                }
            }
        }
    }
}

/// The component of an enum: its words, and what each means.
pub fn words(name: &str, types: &Types) -> Option<Schema> {
    let words = types.words(name)?;
    let meanings = words.iter().map(|(word, about)| format!("- `{word}`: {about}"));
    let about =
        std::iter::once(format!("{}\n", types.about(name))).chain(meanings).collect::<Vec<_>>().join("\n");
    let built = ObjectBuilder::new()
        .schema_type(Json::String)
        .description(Some(about))
        .enum_values(Some(words.iter().map(|(word, _)| *word)));
    Some(Schema::Object(built.build()))
}
