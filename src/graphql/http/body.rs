//! Reads a body of bounded size in bounded time, and what it asks for.

use std::collections::HashMap;
use std::io;
use std::time::Duration;

use async_graphql::{Extensions, Request, Value, Variables};
use axum::body::{Body, BodyDataStream, HttpBody};
use axum::http::StatusCode;
use futures_util::StreamExt;
use serde::Deserialize;
use tokio::time::timeout;

use crate::graphql::Code;

/// What is read of a refused body, and for how long.
const DRAINED: usize = 32 << 20;
const DRAINING: Duration = Duration::from_secs(5);

/// A body that is not answered.
#[derive(Debug)]
pub struct Refusal {
    pub status: StatusCode,
    pub code: Code,
    pub message: String,
}

/// Collects a body of at most `limit` bytes.
pub async fn read(body: Body, limit: usize, within: Duration) -> Result<Vec<u8>, Refusal> {
    let announced = body.size_hint().lower();
    let mut stream = body.into_data_stream();
    if announced > limit as u64 {
        return Err(too_large(stream, limit));
    }
    match timeout(within, collect(&mut stream, limit)).await {
        Ok(Ok(Some(bytes))) => Ok(bytes),
        Ok(Ok(None)) => Err(too_large(stream, limit)),
        Ok(Err(error)) if is_for_want_of_memory(&error) => Err(Refusal {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: Code::Overloaded,
            message: "Too many requests are on their way at once: try again".to_owned(),
        }),
        Ok(Err(_)) => Err(bad("The body could not be read")),
        Err(_) => {
            Err(Refusal { status: StatusCode::REQUEST_TIMEOUT, ..bad("The body took too long to arrive") })
        }
    }
}

/// Whether the connection was ended because there was no memory for more.
fn is_for_want_of_memory(error: &axum::Error) -> bool {
    let mut causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    causes.any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::OutOfMemory)
    })
}

/// `None` when there is more than the limit.
async fn collect(stream: &mut BodyDataStream, limit: usize) -> Result<Option<Vec<u8>>, axum::Error> {
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        if bytes.len() + chunk.len() > limit {
            return Ok(None);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Some(bytes))
}

/// Reads on for a while, so that a caller who is still sending gets to see why nothing came of it.
pub fn discard(body: Body) {
    if !body.is_end_stream() {
        drain(body.into_data_stream());
    }
}

fn drain(mut stream: BodyDataStream) {
    tokio::spawn(timeout(DRAINING, async move {
        let mut left = DRAINED;
        while let Some(Ok(chunk)) = stream.next().await {
            left = left.saturating_sub(chunk.len());
            if left == 0 {
                break;
            }
        }
    }));
}

fn too_large(stream: BodyDataStream, limit: usize) -> Refusal {
    drain(stream);
    Refusal {
        status: StatusCode::PAYLOAD_TOO_LARGE,
        code: Code::LimitExceeded,
        message: format!("The body exceeds the limit of {limit} bytes"),
    }
}

/// The request object of the GraphQL over HTTP specification.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    query: Option<String>,
    operation_name: Option<String>,
    variables: Option<Variables>,
    extensions: Option<HashMap<String, Value>>,
}

/// Reads a request object.
pub fn parse(bytes: &[u8]) -> Result<Request, Refusal> {
    match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => {}
        Some(b'[') => return Err(bad("Batches are not supported: send one operation a request")),
        _ => return Err(bad("The body is not a JSON object")),
    }
    let parameters: Parameters = serde_json::from_slice(bytes).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        bad(format!("The body is not a GraphQL request: see line {line}, column {column}"))
    })?;
    let query = parameters
        .query
        .filter(|query| !query.trim().is_empty())
        .ok_or_else(|| bad("The query is missing"))?;
    let mut request = Request::new(query).variables(parameters.variables.unwrap_or_default());
    request.operation_name = parameters.operation_name;
    request.extensions = Extensions(parameters.extensions.unwrap_or_default());
    Ok(request)
}

fn bad(message: impl Into<String>) -> Refusal {
    Refusal { status: StatusCode::BAD_REQUEST, code: Code::BadUserInput, message: message.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_request_object_is_a_request() {
        assert!(
            parse(br#" {"query": "{ a }", "variables": null, "operationName": null, "extensions": {}}"#)
                .is_ok()
        );
        for bad in [
            r#"[{"query": "{ a }"}]"#,
            r#"["{ a }"]"#,
            r#"{"query": "{ a }", "query": "{ b }"}"#,
            r#"{"query": " "}"#,
            r#"{"query": 7}"#,
            r#"{"query": "{ a }", "variables": "x"}"#,
            r#"{"query": "{ a }", "variables": []}"#,
            "null",
            "",
            r#"{"query": "{ a }"} x"#,
        ] {
            assert_eq!(parse(bad.as_bytes()).unwrap_err().status, StatusCode::BAD_REQUEST, "{bad}");
        }
    }
}
