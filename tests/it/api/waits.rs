//! When a call is made again, and when it is not.

use std::time::Duration;

use serde_json::json;
use tasker::model::{failure::FailureKind, status::Status, task::Command};

use super::{
    failure,
    server::{Reply, Server, answer, json},
    start, until,
};
use crate::place::Place;

on_both_databases![
    a_servers_wait_wins_and_is_capped,
    no_answer_in_time_is_a_failure_that_may_have_had_its_effect,
    a_connection_that_breaks_after_the_request_leaves_its_outcome_unknown,
    what_was_cancelled_is_aborted_at_once,
];

const ASK: &str = "
name: ask
backoff: { default_backoff_seconds: [1], backoff_multiplier: 1, jitter_max_percentage: 0, max_server_backoff_seconds: 100 }
step_templates:
  - { name: ask, default_retry_limit: 20, timeout_seconds: 60, handler_config: { type: api, url: SERVER, timeout: 5 } }
---
name: once
step_templates:
  - { name: ask, default_retryable: false, handler_config: { type: api, url: SERVER, body: { a: 1 } } }
---
name: brief
step_templates:
  - { name: ask, timeout_seconds: 3, default_retry_limit: 1, handler_config: { type: api, url: SERVER } }
";

/// The clock of the tests begins at 1800000000 seconds, which is this day.
const IN_A_MINUTE: &str = "Fri, 15 Jan 2027 08:01:00 GMT";

async fn a_servers_wait_wins_and_is_capped(place: Place) {
    let server = Server::start(|number, _| match number {
        1 => answer(429, &[("retry-after", "7")], b""),
        2 => answer(503, &[("retry-after", IN_A_MINUTE)], b""),
        3 => answer(429, &[("ratelimit-reset", "30")], b""),
        4 => answer(429, &[("x-ratelimit-reset", "1800000200")], b""),
        5 => answer(500, &[("x-ratelimit-reset", "50")], b"the limit is not what is wrong"),
        6 => answer(503, &[("x-ratelimit-reset", "50"), ("x-ratelimit-remaining", "0")], b""),
        7 => answer(429, &[("retry-after", "100000")], b""),
        8 => answer(429, &[("retry-after", "soon")], b""),
        _ => json(200, &json!({})),
    })
    .await;
    let app = start(place, ASK, &server).await;
    let task = app.run_task("ask", json!({})).await;
    // After 7 and 53 seconds the date has come; then 30; then the moment is 110 away.
    for (asked, wait) in (1..).zip([7.0, 53.0, 30.0, 100.0, 1.0, 50.0, 100.0, 1.0]) {
        let due = app.step(task, "ask").await.next_attempt_at.expect("a retry is scheduled");
        assert_eq!(due.since(app.clock.now()), Duration::from_secs_f64(wait), "after request {asked}");
        app.advance_secs(wait).await;
        assert_eq!(server.seen().len(), asked + 1);
    }
    assert_eq!(app.status(task).await, Status::Complete);
    let keys: Vec<_> =
        server.seen().iter().map(|seen| seen.header("idempotency-key").map(str::to_owned)).collect();
    assert!(keys.iter().all(|key| *key == keys[0]), "one key over all attempts");
}

async fn no_answer_in_time_is_a_failure_that_may_have_had_its_effect(place: Place) {
    let drip = Reply::Drip(
        b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n".repeat(50),
        Duration::from_millis(5),
    );
    let server = Server::start(move |number, _| match number {
        1 | 3 => Reply::Hang,
        2 => drip.clone(),
        _ => json(200, &json!({})),
    })
    .await;
    let app = start(place, ASK, &server).await;
    let task = app.create_task("ask", json!({})).await;
    for attempt in 1..=2 {
        until("the request is under way", || server.seen().len() == attempt && server.open() == 1).await;
        app.clock.advance(Duration::from_millis(4_999));
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(server.open(), 1, "a millisecond early");
        app.advance(Duration::from_millis(1)).await;
        let step = app.step(task, "ask").await;
        let error = step.error.expect("it failed");
        assert_eq!((step.attempts, error.kind), (u32::try_from(attempt).expect("few"), FailureKind::Timeout));
        assert_eq!(error.code.as_deref(), Some("TIMEOUT"));
        assert_eq!(
            error.message,
            format!("GET {}: no answer within 5s: whether the request had its effect is unknown", server.url)
        );
        until("the connection is closed", || server.left() == attempt).await;
        app.clock.advance(Duration::from_secs(1));
    }
    until("the request is under way", || server.open() == 1).await;
    app.advance_secs(5.0).await;
    app.advance_secs(1.0).await;
    assert_eq!(app.status(task).await, Status::Complete);

    // The attempt's own limit ends the call as well.
    let server = Server::always(Reply::Hang).await;
    let app = start(Place::sqlite(), ASK, &server).await;
    let task = app.create_task("brief", json!({})).await;
    until("the request is under way", || server.open() == 1).await;
    app.advance_secs(3.0).await;
    assert_eq!(app.step(task, "ask").await.error.expect("it failed").kind, FailureKind::Timeout);
    until("the connection is closed", || server.left() == 1).await;
}

async fn a_connection_that_breaks_after_the_request_leaves_its_outcome_unknown(place: Place) {
    let server = Server::start(|number, _| match number {
        1 | 2 => Reply::Reset,
        3 => Reply::Last(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort".to_vec()),
        4 => Reply::Last(b"no HTTP at all\r\n\r\n".to_vec()),
        5 => Reply::Last(Vec::new()),
        _ => Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokmore than it said".to_vec()),
    })
    .await;
    let app = start(place, ASK, &server).await;
    let task = app.run_task("once", json!({})).await;
    let (code, said) = failure(&app, task, "ask").await;
    assert_eq!(code, "OUTCOME_UNKNOWN");
    assert!(said.contains("broke after the request was sent") && said.contains("is unknown"), "{said}");
    assert_eq!(app.status(task).await, Status::Error);
    assert_eq!(server.seen().len(), 1, "what must not run twice is not asked twice");

    let task = app.run_task("ask", json!({})).await;
    for wanted in ["OUTCOME_UNKNOWN", "ANSWER_BROKEN_OFF", "OUTCOME_UNKNOWN", "OUTCOME_UNKNOWN"] {
        assert_eq!(failure(&app, task, "ask").await.0, wanted);
        app.advance_secs(1.0).await;
    }
    assert_eq!(app.step(task, "ask").await.results.expect("results")["body"], "ok");
}

async fn what_was_cancelled_is_aborted_at_once(place: Place) {
    let server = Server::always(Reply::Hang).await;
    let app = start(place, ASK, &server).await;
    let task = app.create_task("ask", json!({})).await;
    until("the request is under way", || server.open() == 1).await;
    let began = std::time::Instant::now();
    app.done(task, Command::CancelTask).await;
    until("the connection is closed", || server.left() == 1).await;
    assert!(began.elapsed() < Duration::from_secs(1));
    assert_eq!(app.status(task).await, Status::Cancelled);
}

#[tokio::test]
async fn nobody_there_is_a_failure_that_may_pass() {
    let server = Server::always(Reply::Hang).await;
    let url = server.url.clone();
    drop(server);
    let gone = ASK.replace("SERVER", &url);
    let other = Server::always(Reply::Hang).await;
    let app = start(Place::sqlite(), &gone, &other).await;
    let task = app.run_task("ask", json!({})).await;
    let (code, said) = failure(&app, task, "ask").await;
    assert_eq!(code, "NO_CONNECTION");
    assert!(said.starts_with(&format!("GET {url}: no connection")) && !said.contains("unknown"), "{said}");
    assert_eq!(app.step(task, "ask").await.status, Status::Pending);
}
