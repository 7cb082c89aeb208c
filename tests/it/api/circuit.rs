//! A host that fails is left alone.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use serde_json::json;
use tasker::model::{event::EventName, status::Status};

use super::{
    server::{Reply, Server, answer, json},
    start_with, until,
};
use crate::place::Place;

on_both_databases![a_circuit_opens_and_one_request_tells_whether_it_closes];

const ASK: &str = "
name: ask
backoff: { default_backoff_seconds: [1], jitter_max_percentage: 0 }
step_templates:
  - { name: ask, default_retry_limit: 3, handler_config: { type: api, url: SERVER } }
---
name: once
step_templates:
  - { name: ask, default_retryable: false, handler_config: { type: api, url: SERVER } }
";

async fn a_circuit_opens_and_one_request_tells_whether_it_closes(place: Place) {
    let up = Arc::new(AtomicBool::new(false));
    let is_up = up.clone();
    let server = Server::start(move |_, _| match is_up.load(Ordering::SeqCst) {
        true => json(200, &json!({})),
        false => answer(503, &[], b""),
    })
    .await;
    let app = start_with(place, ASK, &server, &[], |http| http.circuit_breaker.failures = 3).await;
    let open = || app.engine.metrics().http_circuits_open.get();
    let mut failed = Vec::new();
    for asked in 1..=3 {
        failed.push(app.run_task("ask", json!({})).await);
        assert_eq!((server.seen().len(), open()), (asked, i64::from(asked == 3)));
    }
    // Nobody asks any more: attempts are given back, also those that must not be made twice, and none of them counts.
    let held = app.run_task("ask", json!({})).await;
    let once = app.run_task("once", json!({})).await;
    assert_story!(app, held, @r"
    ask   pending → in_progress → pending (circuit_open)
    task  pending → in_progress
    ");
    assert_story!(app, once, @r"
    ask   pending → in_progress → pending (circuit_open)
    task  pending → in_progress
    ");
    assert_eq!(server.seen().len(), 3);
    let step = app.step(once, "ask").await;
    assert_eq!((step.attempts, step.released, step.error), (1, 1, None));
    let due = step.next_attempt_at.expect("a moment");
    assert_eq!(due.since(app.clock.now()).as_secs(), 5);
    let released = app.events(once).await.into_iter().find(|one| one.event.name == EventName::StepReleased);
    let details = released.expect("an event").event.details.expect("details");
    assert_eq!(details, json!({ "reason": "circuit_open", "next_attempt_at": due.to_rfc3339() }));

    // The retries of those that failed are given back too.
    app.advance_secs(1.0).await;
    assert_eq!(server.seen().len(), 3);
    assert_eq!(app.step(failed[0], "ask").await.next_attempt_at, Some(due));

    // After five seconds one request is made; it fails, and nobody else asks for five more.
    app.advance_secs(4.0).await;
    assert_eq!((server.seen().len(), open()), (4, 1));
    up.store(true, Ordering::SeqCst);
    app.advance_secs(4.9).await;
    assert_eq!(server.seen().len(), 4);

    // The next one succeeds, and with the next look everybody may ask.
    app.advance_secs(0.1).await;
    assert_eq!(open(), 0);
    app.advance_secs(5.0).await;
    for task in failed.into_iter().chain([held]) {
        assert_eq!(app.status(task).await, Status::Complete);
    }
    let step = app.step(once, "ask").await;
    // It was the probe or not; in no case it was lost.
    assert!(step.error.is_none_or(|error| error.code.as_deref() == Some("HTTP_503")));
}

#[tokio::test]
async fn who_says_too_many_is_not_failing() {
    let server = Server::always(answer(429, &[("retry-after", "0")], b"")).await;
    let app = start_with(Place::sqlite(), ASK, &server, &[], |http| http.circuit_breaker.failures = 2).await;
    for _ in 0..4 {
        app.run_task("once", json!({})).await;
    }
    assert_eq!((server.seen().len(), app.engine.metrics().http_circuits_open.get()), (4, 0));
}

#[tokio::test]
async fn a_probe_that_is_cancelled_leaves_its_place() {
    let server = Server::start(|number, _| match number {
        1 => answer(500, &[], b""),
        2 => Reply::Hang,
        _ => json(200, &json!({})),
    })
    .await;
    let app = start_with(Place::sqlite(), ASK, &server, &[], |http| http.circuit_breaker.failures = 1).await;
    app.run_task("once", json!({})).await;
    app.clock.advance(std::time::Duration::from_secs(5));
    let probe = app.create_task("ask", json!({})).await;
    until("the probe is under way", || server.open() == 1).await;
    app.done(probe, tasker::model::task::Command::CancelTask).await;
    until("the probe is gone", || server.left() == 1).await;
    let task = app.run_task("ask", json!({})).await;
    assert_eq!(app.status(task).await, Status::Complete);
}
