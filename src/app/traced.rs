//! A span for each request, as a part of its caller's trace. Without traces, what the caller says is only handed on.

use std::net::SocketAddr;

use axum::{
    extract::{ConnectInfo, MatchedPath, Request, State},
    http::HeaderMap,
    middleware::Next,
    response::Response,
};

use crate::{
    model::trace::TraceContext,
    orchestration::Engine,
    telemetry::{Beginning, Span, SpanKind},
};

/// Asked every few seconds by machines: nobody looks for them in a trace.
const PROBES: [&str; 2] = ["/health/", "/metrics"];

/// Middleware: reads `traceparent` and `tracestate`, and makes the span. Handlers find its place as an extension.
pub(super) async fn request(State(engine): State<Engine>, mut request: Request, next: Next) -> Response {
    let caller = caller(request.headers());
    let probe = PROBES.iter().any(|probe| request.uri().path().starts_with(probe));
    let span = if probe { None } else { begin(&engine, &request, caller.as_ref()) };
    if let Some(place) = span.as_ref().map(Span::place).or(caller.as_ref()) {
        request.extensions_mut().insert(place.clone());
    }
    let response = next.run(request).await;
    if let Some(span) = span {
        let status = response.status();
        span.say("http.response.status_code", i64::from(status.as_u16()));
        if status.is_server_error() {
            span.fail("http", status.to_string());
        }
        span.end(engine.clock().now());
    }
    response
}

/// The names are OpenTelemetry's own for what a server answers.
fn begin(engine: &Engine, request: &Request, caller: Option<&TraceContext>) -> Option<Span> {
    let beginning = Beginning::new("HTTP", caller, engine.clock().now());
    let span = engine.tracer().begin(Beginning { kind: SpanKind::Server, ..beginning })?;
    if span.is_recorded() {
        let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
        let (method, name) = match request.method().as_str() {
            method @ ("GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS") => (method, method),
            _ => ("_OTHER", "HTTP"),
        };
        span.rename(route.as_ref().map_or_else(|| name.to_owned(), |route| format!("{name} {route}")));
        span.say("http.request.method", method.to_owned());
        span.say("url.scheme", "http");
        span.say("url.path", request.uri().path().to_owned());
        if let Some(route) = route {
            span.say("http.route", route);
        }
        if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>() {
            span.say("client.address", peer.ip().to_string());
        }
    }
    Some(span)
}

fn caller(headers: &HeaderMap) -> Option<TraceContext> {
    let parent = headers.get("traceparent")?.to_str().ok()?;
    TraceContext::parse(parent, headers.get("tracestate").and_then(|state| state.to_str().ok()))
}
