//! GraphQL over Server-Sent Events, each operation on a connection of its own.
//!
//! An event of the log carries its cursor as the event's `id`; a client that reconnects sends it as `Last-Event-ID`
//! and the subscription goes on from there.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Data, Executor, Response as Answer, ServerError, Value};
use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::future::ready;
use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::answer::wire;
use crate::graphql::Transport;
use crate::graphql::executor::Prepared;

/// Streams the answers of an operation. One that can't run is a stream of one answer.
pub fn respond<E: Executor>(
    transport: &Transport<E>,
    prepared: Result<Prepared, ServerError>,
    last_event_id: Option<&str>,
) -> Response {
    let pipeline = &transport.pipeline;
    let answers = match prepared {
        Ok(prepared) => {
            let prepared = match last_event_id {
                Some(cursor) => prepared.resume(cursor, pipeline.outline()),
                None => prepared,
            };
            pipeline.stream(prepared, Arc::new(Data::default()))
        }
        Err(error) => stream::once(ready(Answer::from_errors(vec![error]))).boxed(),
    };
    let events = events(answers, transport.shutdown.clone());
    let body = kept_alive(events, transport.settings.keep_alive).map(Ok::<_, Infallible>);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // A proxy that collects the answer before it passes it on would stop the stream.
        (header::HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, Body::from_stream(body)).into_response()
}

/// A stream that the service's end cuts off has no `complete`, so that its client comes back.
fn events(answers: BoxStream<'static, Answer>, shutdown: CancellationToken) -> BoxStream<'static, String> {
    // Without a `data` line, even an empty one, a browser drops the event.
    let complete = stream::once(ready("event: complete\ndata:\n\n".to_owned()));
    answers.map(|answer| next(&answer)).chain(complete).take_until(shutdown.cancelled_owned()).boxed()
}

fn next(answer: &Answer) -> String {
    let id = cursor(answer).map(|cursor| format!("id: {cursor}\n")).unwrap_or_default();
    // JSON has no line breaks outside its strings, and inside them they are escaped.
    format!("event: next\n{id}data: {}\n\n", wire(answer))
}

/// `data.<root>.cursor`, if it is fit to be an event's id.
fn cursor(answer: &Answer) -> Option<&str> {
    let Value::Object(data) = &answer.data else { return None };
    match data.values().next()? {
        Value::Object(event) => match event.get("cursor")? {
            Value::String(cursor) if !cursor.contains(['\n', '\r', '\0']) => Some(cursor),
            _ => None,
        },
        _ => None,
    }
}

/// The events, and a comment whenever there was none for that long.
fn kept_alive(events: BoxStream<'static, String>, every: Duration) -> impl Stream<Item = String> {
    stream::unfold(events, move |mut events| async move {
        match timeout(every, events.next()).await {
            Ok(event) => event.map(|event| (event, events)),
            Err(_) => Some((":\n\n".to_owned(), events)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_silent_stream_shows_that_it_is_alive() {
        let silent = stream::pending().boxed();
        let heard: Vec<_> = kept_alive(silent, Duration::from_secs(12)).take(2).collect().await;
        assert_eq!(heard, [":\n\n", ":\n\n"]);
    }

    #[tokio::test]
    async fn a_stream_that_the_service_ends_is_not_complete() {
        let shutdown = CancellationToken::new();
        shutdown.cancel();
        let cut: Vec<_> = events(stream::pending().boxed(), shutdown).collect().await;
        assert!(cut.is_empty());
        let whole: Vec<_> = events(stream::empty().boxed(), CancellationToken::new()).collect().await;
        assert_eq!(whole, ["event: complete\ndata:\n\n"]);
    }
}
