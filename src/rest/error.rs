//! What a caller is told instead of an answer: `{"error": {"code", "message", "details", "requestId"}}`, and a status.

use std::collections::BTreeMap;

use async_graphql::{Response as Answer, ServerError, Value};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::graphql::{Code, RequestId, http::retry_after};

/// Seconds after which it is worth trying again where nothing else is said.
const AGAIN: u64 = 1;

#[derive(Serialize)]
struct Written<'a> {
    error: Said<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Said<'a> {
    code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    details: BTreeMap<String, serde_json::Value>,
    request_id: &'a str,
}

/// The status that a code is answered with.
pub const fn status(code: Code) -> StatusCode {
    match code {
        Code::ParseFailed | Code::ValidationRejected | Code::BadUserInput | Code::LimitExceeded => {
            StatusCode::BAD_REQUEST
        }
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::Forbidden => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::Conflict => StatusCode::CONFLICT,
        Code::ValidationFailed => StatusCode::UNPROCESSABLE_ENTITY,
        Code::CursorExpired => StatusCode::GONE,
        Code::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
        Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Code::Timeout => StatusCode::GATEWAY_TIMEOUT,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The answer to an operation that has errors: a fault before anything else, otherwise the first.
pub fn of_answer(answer: &Answer, id: &RequestId) -> Response {
    let fault = answer.errors.iter().find(|error| Code::of(error) == Some(Code::Internal));
    match fault.or(answer.errors.first()) {
        Some(error) => of(error, id),
        None => of(&Code::Internal.refuse("Internal error"), id),
    }
}

/// The answer that says this error.
pub fn of(error: &ServerError, id: &RequestId) -> Response {
    let code = Code::of(error).unwrap_or(Code::Internal);
    with_status(status(code), error, id)
}

/// The same with a status that says more than its code.
pub fn with_status(status: StatusCode, error: &ServerError, id: &RequestId) -> Response {
    let code = Code::of(error).unwrap_or(Code::Internal);
    let mut details = details(error);
    let costly = details.get("limit").is_some_and(|limit| limit == "complexity");
    let message = match code {
        Code::LimitExceeded if costly => {
            details.remove("limit");
            "This asks for more at once than one request may: ask for fewer with `limit`, or for less with `include`."
        }
        _ => &error.message,
    };
    let written = Written { error: Said { code: code.as_str(), message, details, request_id: id.as_str() } };
    let body = serde_json::to_string(&written).unwrap_or_else(|error| {
        tracing::error!(%error, "an answer could not be written");
        r#"{"error":{"code":"INTERNAL","message":"Internal error","requestId":""}}"#.to_owned()
    });
    let mut response = described((status, body).into_response());
    let waits = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    if let Some(seconds) = retry_after(error).or(waits.then_some(AGAIN)) {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Says that the body is JSON, and that nobody may keep it.
pub fn described(mut response: Response) -> Response {
    for (name, value) in [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// What an error carries beside its code.
fn details(error: &ServerError) -> BTreeMap<String, serde_json::Value> {
    let Some(extensions) = &error.extensions else { return BTreeMap::new() };
    let extensions = serde_json::to_value(extensions).unwrap_or_default();
    let serde_json::Value::Object(mut entries) = extensions else { return BTreeMap::new() };
    entries.remove("code");
    entries.remove("requestId");
    entries.into_iter().collect()
}

/// An error with a list of what is wrong in `details`.
pub fn listing(code: Code, message: impl Into<String>, problems: &impl Serialize) -> ServerError {
    let listed = serde_json::to_value(problems).ok().and_then(|json| Value::from_json(json).ok());
    code.refuse_with(message, None, [("violations", listed.unwrap_or_default())])
}
