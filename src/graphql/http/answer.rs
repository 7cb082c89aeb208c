//! Writes an answer.

use std::collections::BTreeMap;

use async_graphql::{Response as Answer, ServerError, Value};
use async_graphql_axum::GraphQLResponse;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::content::Media;
use super::status;
use crate::graphql::error::{Code, is_request_error};

/// An answer as it is written: the errors first, and no `data` when nothing ran.
#[derive(Serialize)]
pub struct Wire<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    extensions: &'a BTreeMap<String, Value>,
}

impl<'a> From<&'a Answer> for Wire<'a> {
    fn from(answer: &'a Answer) -> Self {
        let data = (!is_request_error(answer)).then_some(&answer.data);
        Self { errors: &answer.errors, data, extensions: &answer.extensions }
    }
}

/// The JSON of an answer.
pub fn wire(answer: &Answer) -> String {
    serde_json::to_string(&Wire::from(answer)).unwrap_or_else(|error| {
        tracing::error!(%error, "an answer could not be written");
        r#"{"errors":[{"message":"Internal error","extensions":{"code":"INTERNAL"}}]}"#.to_owned()
    })
}

/// The HTTP answer to an operation.
pub fn respond(media: Media, answer: Answer) -> Response {
    let (status, headers) = status::of(media, &answer);
    let mut response = if is_request_error(&answer) {
        let body = wire(&answer);
        (answer.http_headers, body).into_response()
    } else {
        GraphQLResponse::from(answer).into_response()
    };
    *response.status_mut() = status;
    response.headers_mut().extend(headers);
    described(media, response)
}

/// The HTTP answer to something that is no operation.
pub fn refuse(media: Media, status: StatusCode, code: Code, message: &str) -> Response {
    let body = wire(&Answer::from_errors(vec![code.refuse(message)]));
    let mut response = described(media, (status, body).into_response());
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// Says what the body is, and that nobody may keep it.
fn described(media: Media, mut response: Response) -> Response {
    let content_type = match media {
        Media::Graphql => "application/graphql-response+json; charset=utf-8",
        // An error that is no event is written as JSON.
        Media::Json | Media::Events => "application/json; charset=utf-8",
    };
    let headers: [(HeaderName, HeaderValue); 3] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, value);
    }
    response
}
