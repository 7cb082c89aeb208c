//! The id that follows one request through the log, its answer and the events it causes.

use std::fmt;
use std::sync::Arc;

use async_graphql::Data;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;
use uuid::Uuid;

use crate::model::trace::TraceContext;

/// The header it comes and goes with.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id of one request: the caller's, when it is fit to be logged, otherwise a new UUIDv7.
///
/// Resolvers find it in their context's data.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// A new one, sorted by the moment it was made.
    pub fn new() -> Self {
        Self(Uuid::now_v7().to_string().into())
    }

    /// A caller's id: 1 to 128 letters, digits, and `-_.:/+=@`.
    pub fn parse(text: &str) -> Option<Self> {
        let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/+=@".contains(&byte);
        ((1..=128).contains(&text.len()) && text.bytes().all(safe)).then(|| Self(text.into()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id that a request's data carries.
    pub fn of(data: &Data) -> Option<&Self> {
        data.get(&std::any::TypeId::of::<Self>())?.downcast_ref()
    }

    fn of_headers(headers: &HeaderMap) -> Option<Self> {
        Self::parse(headers.get(HEADER)?.to_str().ok()?)
    }
}

impl Default for RequestId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Middleware: gives the request its id, its span and the answer its header. Does nothing where it was done before.
pub async fn assign(mut request: Request, next: Next) -> Response {
    if request.extensions().get::<RequestId>().is_some() {
        return next.run(request).await;
    }
    let id = RequestId::of_headers(request.headers()).unwrap_or_default();
    request.extensions_mut().insert(id.clone());
    let trace_id = request.extensions().get::<TraceContext>().map(TraceContext::trace_id);
    let span = tracing::info_span!("request", request_id = %id, trace_id);

    let mut response = next.run(request).instrument(span).await;
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_could_forge_a_log_line_is_not_taken() {
        assert!(RequestId::parse("01890a5d-ac96-774b-bcce-b302099a8057").is_some());
        for bad in ["", "a b", "a\n", "{}", "\"", &"a".repeat(129)] {
            assert_eq!(RequestId::parse(bad), None, "{bad:?}");
        }
    }
}
