//! The way to the collector: the HTTP client that the program has anyway.

use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use tokio::runtime::Handle;

/// What a collector may answer with. It is a few bytes in fact.
const ANSWER_BYTES: usize = 64 << 10;

/// Sends on the runtime that it was made in: the exporter has a thread of its own, which has none.
#[derive(Debug)]
pub(super) struct Collector {
    client: reqwest::Client,
    runtime: Handle,
}

impl Collector {
    pub(super) fn new(timeout: Duration) -> Result<Self, reqwest::Error> {
        // Whatever the program installed is what it gets; a second installation changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().timeout(timeout).build()?;
        Ok(Self { client, runtime: Handle::current() })
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let client = self.client.clone();
        // Everything in there: a request sets its timer before it is awaited.
        let exchange = async move {
            let request = client.request(parts.method, parts.uri.to_string()).headers(parts.headers);
            let mut response = request.body(body).send().await?;
            let mut answer = Vec::new();
            while answer.len() < ANSWER_BYTES
                && let Some(chunk) = response.chunk().await?
            {
                answer.extend_from_slice(&chunk);
            }
            Ok::<_, reqwest::Error>((response.status(), answer))
        };
        let (status, answer) = self.runtime.spawn(exchange).await??;
        Ok(Response::builder().status(status).body(answer.into())?)
    }
}
