//! A diagram is answered as what it is written as: the body is the drawing itself.

use async_graphql::Value;
use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use utoipa::openapi::{Content, ContentBuilder, ObjectBuilder, Schema, SchemaFormat, schema::Type};

use super::{accept, error::described};

/// The parameter that says how it is written, instead of `Accept`.
const FORMAT: &str = "format";

/// What it can be written as: the media type, and the word of the schema. The first where nobody says.
const MEDIA: &[(&str, &str)] = &[
    ("text/vnd.mermaid", "MERMAID"),
    ("text/plain", "MERMAID"),
    (accept::JSON, "JSON"),
    ("image/svg+xml", "SVG"),
];

/// The drawing is shown by itself, wherever it is opened.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/// The media type to answer with, which the variables then ask for; nothing where the caller accepts none.
pub fn choose(headers: &HeaderMap, variables: &mut serde_json::Value) -> Option<&'static str> {
    if let Some(format) = variables[FORMAT].as_str() {
        return MEDIA.iter().find(|(_, word)| *word == format).map(|(media, _)| *media);
    }
    let offered: Vec<&str> = MEDIA.iter().map(|(media, _)| *media).collect();
    let media = accept::best(headers, &offered)?;
    let (media, word) = MEDIA.iter().find(|(known, _)| *known == media)?;
    variables[FORMAT] = (*word).into();
    Some(media)
}

/// The answer that is the drawing in `body`.
pub fn write(body: &Value, media: &'static str) -> Option<Response> {
    let Value::Object(entries) = body else { return None };
    let Some(Value::String(content)) = entries.get("content") else { return None };
    let mut response = described(Response::new(content.clone().into()));
    let media = if media == accept::JSON { media.to_owned() } else { format!("{media}; charset=utf-8") };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::try_from(media).ok()?);
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.append(header::VARY, HeaderValue::from_static("Accept"));
    Some(response)
}

/// What is answered under each media type.
pub fn contents() -> impl Iterator<Item = (&'static str, Content)> {
    MEDIA.iter().map(|(media, word)| {
        let object = match *word {
            "JSON" => ObjectBuilder::new().description(Some("Its nodes and edges.")),
            other => ObjectBuilder::new()
                .schema_type(Type::String)
                .format(Some(SchemaFormat::Custom(other.to_lowercase()))),
        };
        (*media, ContentBuilder::new().schema(Some(Schema::Object(object.build()))).build())
    })
}
