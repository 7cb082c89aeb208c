//! What a success is answered with.

use async_graphql::{Response as Answer, Value};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{
    drawing,
    error::{self, described},
    ready::Ready,
    route::Success,
};
use crate::graphql::{Code, RequestId};

/// The alias of a root field whose value is the whole answer.
pub const PAGE: &str = "page";

/// What of a request its answer depends on.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The path.
    pub at: &'a str,
    /// Nothing was to be created.
    pub dry: bool,
    /// What the answer is written as.
    pub media: &'static str,
}

/// The answer to an operation.
pub fn write(ready: &Ready, answer: Answer, asked: Asked<'_>, id: &RequestId) -> Response {
    if !answer.errors.is_empty() {
        return error::of_answer(&answer, id);
    }
    let Some(body) = body(answer.data) else {
        let message = format!("There is no such {}, or none that you may see.", ready.route.thing);
        return error::of(&Code::NotFound.refuse(message), id);
    };
    let written = match ready.route.success {
        Success::Drawn => drawing::write(&body, asked.media),
        Success::Answered | Success::Created => plain(&body),
    };
    let Some(mut response) = written else {
        tracing::error!(request_id = %id, route = ready.route.id, "an answer could not be written");
        return error::of(&Code::Internal.refuse("Internal error"), id);
    };
    if ready.route.success == Success::Created && !asked.dry {
        created(&mut response, &body, asked.at);
    }
    response
}

fn plain(body: &Value) -> Option<Response> {
    let text = serde_json::to_string(body).ok()?;
    Some(described((StatusCode::OK, text).into_response()))
}

/// What is in the only root field, under its name but where that is `page`; nothing where it is null.
fn body(data: Value) -> Option<Value> {
    let Value::Object(mut root) = data else { return None };
    match root.values().next() {
        None | Some(Value::Null) => None,
        Some(_) => root.swap_remove(PAGE).or(Some(Value::Object(root))),
    }
}

/// Says where the task is, and that it is new unless it was there before.
fn created(response: &mut Response, body: &Value, at: &str) {
    let Value::Object(root) = body else { return };
    let Some(Value::Object(task)) = root.get("task") else { return };
    let Some(Value::String(id)) = task.get("taskId") else { return };
    if task.get("alreadyExisted") == Some(&Value::Boolean(false)) {
        *response.status_mut() = StatusCode::CREATED;
    }
    if let Ok(location) = HeaderValue::try_from(format!("{}/{id}", at.trim_end_matches('/'))) {
        response.headers_mut().insert(header::LOCATION, location);
    }
}
