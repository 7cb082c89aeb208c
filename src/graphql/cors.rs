//! Lets the pages of listed origins read answers. The list is empty unless an operator fills it.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::origin;

/// The origins that may, and by which methods.
#[derive(Clone, Debug)]
pub struct Origins {
    listed: Arc<[String]>,
    methods: &'static str,
}

impl Origins {
    /// Those, by these methods.
    pub fn new(listed: &[String], methods: &'static str) -> Self {
        Self { listed: listed.into(), methods }
    }
}

const ALLOW_HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, idempotency-key, last-event-id, x-api-token, x-request-id, x-requested-with",
);
const EXPOSE_HEADERS: HeaderValue = HeaderValue::from_static("location, retry-after, x-request-id");

/// Middleware: answers a listed page's preflight and lets it read the answer. Others get no such header.
pub async fn allow(State(origins): State<Origins>, request: Request, next: Next) -> Response {
    if origins.listed.is_empty() {
        return next.run(request).await;
    }
    let origin = request.headers().get(header::ORIGIN).cloned();
    let origin =
        origin.filter(|value| value.to_str().is_ok_and(|text| origin::is_listed(text, &origins.listed)));
    let preflight = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);

    let mut response = match (&origin, preflight) {
        (Some(_), true) => (StatusCode::NO_CONTENT, preflight_headers(origins.methods)).into_response(),
        _ => next.run(request).await,
    };
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        response.headers_mut().insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSE_HEADERS);
    }
    response
}

fn preflight_headers(methods: &'static str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOW_HEADERS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    headers
}
