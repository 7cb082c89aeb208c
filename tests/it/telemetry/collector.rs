//! A collector: takes OTLP over HTTP, and remembers what it was sent.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, any_value},
    trace::v1::Span,
};
use prost::Message;
use tokio::net::TcpListener;

/// Cheap to clone.
#[derive(Clone)]
pub struct Collector {
    /// `http://127.0.0.1:PORT`.
    pub address: String,
    received: Arc<Mutex<Received>>,
}

#[derive(Default)]
struct Received {
    spans: Vec<Span>,
    services: Vec<String>,
    headers: Vec<HeaderMap>,
}

impl Collector {
    pub async fn start() -> Self {
        let received = Arc::<Mutex<Received>>::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("bound"));
        let router = Router::new().route("/v1/traces", post(take)).with_state(received.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, received }
    }

    /// Everything so far.
    pub fn spans(&self) -> Vec<Span> {
        self.lock().spans.clone()
    }

    /// `service.name` of each request.
    pub fn services(&self) -> Vec<String> {
        self.lock().services.clone()
    }

    /// A header of each request.
    pub fn header(&self, name: &str) -> Vec<String> {
        let text =
            |headers: &HeaderMap| headers.get(name).and_then(|value| value.to_str().ok().map(Into::into));
        self.lock().headers.iter().filter_map(text).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn take(State(received): State<Arc<Mutex<Received>>>, headers: HeaderMap, body: Bytes) {
    let request = ExportTraceServiceRequest::decode(body).expect("what the protocol says");
    let mut received = received.lock().unwrap_or_else(PoisonError::into_inner);
    received.headers.push(headers);
    for resource in request.resource_spans {
        let attributes = resource.resource.map(|resource| resource.attributes).unwrap_or_default();
        let name = attributes.into_iter().find(|pair| pair.key == "service.name");
        received.services.extend(name.and_then(|pair| pair.value).map(text));
        received.spans.extend(resource.scope_spans.into_iter().flat_map(|scope| scope.spans));
    }
}

/// An attribute; empty where there is none.
pub fn said(span: &Span, key: &str) -> String {
    let found = span.attributes.iter().find(|pair| pair.key == key);
    found.and_then(|pair| pair.value.clone()).map(text).unwrap_or_default()
}

fn text(value: AnyValue) -> String {
    match value.value {
        Some(any_value::Value::StringValue(text)) => text,
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        Some(any_value::Value::BoolValue(yes)) => yes.to_string(),
        other => format!("{other:?}"),
    }
}
