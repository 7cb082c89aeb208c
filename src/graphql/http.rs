//! GraphQL over HTTP, as its specification says: media types, statuses, and what a browser's form can't do.

mod answer;
pub(crate) mod body;
pub(crate) mod content;
mod query;
mod sse;
mod status;
#[cfg(test)]
mod tests;

use async_graphql::parser::types::OperationType;
use async_graphql::{Data, Executor, ServerError};
use axum::extract::ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;

pub use answer::Wire;
use answer::{refuse, respond};
use content::Media;
pub use status::retry_after;

use super::error::{Code, normalize};
use super::request_id::RequestId;
use super::{Transport, websocket};
use crate::model::trace::TraceContext;

/// `POST /graphql`.
pub async fn post<E: Executor>(State(transport): State<Transport<E>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let (media, data) = match head(&transport, &parts).await {
        Ok(head) => head,
        Err(response) => {
            body::discard(body);
            return *response;
        }
    };
    let settings = &transport.settings;
    let read = body::read(body, settings.limits.body, settings.body_timeout).await;
    match read.and_then(|bytes| body::parse(&bytes)) {
        Ok(mut request) => {
            request.data = data;
            answer(transport, media, request, &parts).await
        }
        Err(refusal) => refuse(media, refusal.status, refusal.code, &refusal.message),
    }
}

/// `GET /graphql`: opens a WebSocket, or answers a query where that is turned on.
pub async fn get<E: Executor>(
    State(transport): State<Transport<E>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    if content::wants_upgrade(&parts.headers) {
        return websocket::open(transport, upgrade, parts);
    }
    if !transport.settings.get_queries {
        return method_not_allowed("Use POST");
    }
    let media = match content::negotiate(&parts.headers) {
        Some(Media::Events) | None => return not_acceptable(),
        Some(media) => media,
    };
    if !query::is_preflighted(&parts.headers) {
        let message = "A query by GET needs a header that a form can't send, such as X-Requested-With";
        return refuse(media, StatusCode::BAD_REQUEST, Code::BadUserInput, message);
    }
    let data = match caller(&transport, &parts).await {
        Ok(data) => data,
        Err(error) => return respond(media, async_graphql::Response::from_errors(vec![error])),
    };
    let mut request = match query::parse(&parts.uri) {
        Ok(request) => request,
        Err(message) => return refuse(media, StatusCode::BAD_REQUEST, Code::BadUserInput, &message),
    };
    request.data = data;
    match transport.pipeline.prepare(request) {
        Ok(prepared) if prepared.kind() != OperationType::Query => {
            method_not_allowed("Use POST: this is not a query")
        }
        Ok(prepared) => respond(media, transport.pipeline.execute(prepared).await),
        Err(error) => respond(media, async_graphql::Response::from_errors(vec![error])),
    }
}

/// Any other method.
pub async fn other_method(request: Request) -> Response {
    body::discard(request.into_body());
    method_not_allowed("Use POST")
}

/// What can be said about a POST before its body is read: how to answer, and to whom.
async fn head<E: Executor>(transport: &Transport<E>, parts: &Parts) -> Result<(Media, Data), Box<Response>> {
    let Some(media) = content::negotiate(&parts.headers) else { return Err(Box::new(not_acceptable())) };
    if !content::is_json(&parts.headers) {
        let message = "The body must be sent as Content-Type: application/json";
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Box::new(refuse(media, status, Code::BadUserInput, message)));
    }
    if !content::is_plain(&parts.headers) {
        let message = "The body must be sent as it is, without a Content-Encoding";
        let mut response = refuse(media, StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::BadUserInput, message);
        response.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        return Err(Box::new(response));
    }
    match caller(transport, parts).await {
        Ok(data) => Ok((media, data)),
        Err(error) => Err(Box::new(respond(media, async_graphql::Response::from_errors(vec![error])))),
    }
}

async fn answer<E: Executor>(
    transport: Transport<E>,
    media: Media,
    request: async_graphql::Request,
    parts: &Parts,
) -> Response {
    let pipeline = &transport.pipeline;
    match (pipeline.prepare(request), media) {
        (prepared, Media::Events) => sse::respond(&transport, prepared, last_event_id(&parts.headers)),
        (Ok(prepared), _) => respond(media, pipeline.execute(prepared).await),
        (Err(error), _) => respond(media, async_graphql::Response::from_errors(vec![error])),
    }
}

/// Who calls, and under which id.
pub async fn caller<E: Executor>(transport: &Transport<E>, parts: &Parts) -> Result<Data, ServerError> {
    let id = parts.extensions.get::<RequestId>().cloned().unwrap_or_default();
    match transport.authenticate.request(parts).await {
        Ok(mut data) => {
            data.insert(id);
            if let Some(trace) = parts.extensions.get::<TraceContext>() {
                data.insert(trace.clone());
            }
            Ok(data)
        }
        Err(error) => {
            transport.pipeline.refused(&error);
            let mut refused = normalize(async_graphql::Response::from_errors(vec![error]), &id);
            Err(refused.errors.remove(0))
        }
    }
}

/// The answer to one who is refused before there is an operation.
pub(super) fn refused(error: ServerError) -> Response {
    respond(Media::Json, async_graphql::Response::from_errors(vec![error]))
}

/// What is no text is no cursor either, and the schema will say so.
fn last_event_id(headers: &HeaderMap) -> Option<&str> {
    let id = headers.get("last-event-id")?.to_str().unwrap_or("?");
    (!id.is_empty()).then_some(id)
}

fn not_acceptable() -> Response {
    let message = "Accept application/graphql-response+json, application/json or text/event-stream";
    refuse(Media::Json, StatusCode::NOT_ACCEPTABLE, Code::BadUserInput, message)
}

fn method_not_allowed(message: &str) -> Response {
    let mut response = refuse(Media::Json, StatusCode::METHOD_NOT_ALLOWED, Code::BadUserInput, message);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
    response
}
