//! What follows a failed attempt, and when.

use std::time::Duration;

use serde_json::json;
use tasker::model::{failure::FailureKind, status::Status};

use crate::{
    app::TestApp,
    place::Place,
    script::{hangs, ok, panics, permanent, retry, retry_after},
};

on_both_databases![
    a_failed_step_is_retried_and_the_task_completes,
    a_retry_starts_at_its_moment_and_not_before,
    a_servers_wait_wins_over_the_formula_and_is_capped,
    a_permanent_failure_rests_at_once,
    the_last_attempt_ends_in_error,
    a_step_that_is_not_retryable_has_one_attempt,
    an_attempt_that_takes_too_long_is_a_failure,
    a_panic_is_a_failure_and_harms_nobody_else,
    a_failure_may_leave_results_for_its_retry,
];

const PAY: &str = "
name: pay
backoff: { default_backoff_seconds: [1, 2.5], backoff_multiplier: 10, max_backoff_seconds: 40, jitter_max_percentage: 0, max_server_backoff_seconds: 100 }
step_templates:
  - { name: pay, handler_class: Pay, default_retry_limit: 6 }
---
name: once
step_templates:
  - { name: pay, handler_class: Pay, default_retryable: false }
  - { name: tell, handler_class: Tell }
---
name: brief
step_templates:
  - { name: slow, handler_class: Slow, default_retry_limit: 1, timeout_seconds: 5 }
";

async fn a_failed_step_is_retried_and_the_task_completes(place: Place) {
    let app = TestApp::start(place, PAY).await;
    app.handler("Pay").answers([retry("network down"), ok(json!({"paid": true}))]);
    let task = app.run_task("pay", json!({})).await;
    assert_story!(app, task, @r"
    pay   pending → in_progress → pending (retryable: network down) (again in 1.0 s)
    task  pending → in_progress
    ");
    app.advance_secs(1.0).await;
    assert_story!(app, task, @r"
    pay   pending → in_progress → pending (retryable: network down) (again in 1.0 s) → in_progress → complete
    task  pending → in_progress → complete
    ");
    assert_eq!(app.step(task, "pay").await.error, None, "success clears the failure");
}

async fn a_retry_starts_at_its_moment_and_not_before(place: Place) {
    let app = TestApp::start(place, PAY).await;
    app.handler("Pay").answers((0..5).map(|_| retry("no")));
    let task = app.run_task("pay", json!({})).await;
    for (made, wait) in (1..).zip([1.0, 2.5, 25.0, 40.0, 40.0]) {
        let due = app.step(task, "pay").await.next_attempt_at.expect("a retry is scheduled");
        assert_eq!(due.since(app.clock.now()), Duration::from_secs_f64(wait));
        app.advance(Duration::from_secs_f64(wait) - Duration::from_micros(1)).await;
        assert_eq!(app.calls().len(), made, "a microsecond early");
        app.advance(Duration::from_micros(1)).await;
        assert_eq!(app.calls().len(), made + 1);
    }
    assert_eq!(app.status(task).await, Status::Complete);
}

async fn a_servers_wait_wins_over_the_formula_and_is_capped(place: Place) {
    let app = TestApp::start(place, PAY).await;
    app.handler("Pay").answers([retry_after("busy", 7), retry_after("busy", 5_000), retry("no")]);
    let task = app.run_task("pay", json!({})).await;
    app.advance_secs(7.0).await;
    app.advance_secs(100.0).await;
    assert_story!(app, task, @r"
    pay   pending → in_progress → pending (retryable: busy) (again in 7.0 s) → in_progress → pending (retryable: busy) (again in 100.0 s) → in_progress → pending (retryable: no) (again in 25.0 s)
    task  pending → in_progress
    ");
}

async fn a_permanent_failure_rests_at_once(place: Place) {
    let app = TestApp::start(place, PAY).await;
    app.handler("Pay").answers([permanent("card stolen")]);
    let task = app.run_task("pay", json!({})).await;
    assert_story!(app, task, @r"
    pay   pending → in_progress → error (permanent: card stolen)
    task  pending → in_progress → error
    ");
    assert_eq!(app.row(task).await.owner, None, "a task in error is nobody's");
}

async fn the_last_attempt_ends_in_error(place: Place) {
    let app = TestApp::start(place, &PAY.replace("default_retry_limit: 6", "default_retry_limit: 2")).await;
    app.handler("Pay").answers([retry("no"), retry("still no")]);
    let task = app.run_task("pay", json!({})).await;
    app.advance_secs(1.0).await;
    assert_story!(app, task, @r"
    pay   pending → in_progress → pending (retryable: no) (again in 1.0 s) → in_progress → error (retryable: still no) (no attempt left)
    task  pending → in_progress → error
    ");
}

async fn a_step_that_is_not_retryable_has_one_attempt(place: Place) {
    let app = TestApp::start(place, PAY).await;
    app.handler("Pay").answers([retry("no")]);
    let task = app.run_task("once", json!({})).await;
    assert_story!(app, task, @r"
    pay   pending → in_progress → error (retryable: no) (no attempt left)
    tell  pending → in_progress → complete
    task  pending → in_progress → error
    ");
}

async fn an_attempt_that_takes_too_long_is_a_failure(place: Place) {
    let app = TestApp::start(place, PAY).await;
    app.handler("Slow").answers([hangs()]);
    let task = app.run_task("brief", json!({})).await;
    app.advance(Duration::from_micros(4_999_999)).await;
    assert_eq!(app.step(task, "slow").await.status, Status::InProgress);
    app.advance(Duration::from_micros(1)).await;
    assert_story!(app, task, @r"
    slow  pending → in_progress → error (timeout: the attempt took longer than its limit of 5s) (no attempt left)
    task  pending → in_progress → error
    ");
    assert_eq!(app.step(task, "slow").await.error.expect("an error").kind, FailureKind::Timeout);
}

async fn a_panic_is_a_failure_and_harms_nobody_else(place: Place) {
    let app = TestApp::start(place, PAY).await;
    app.handler("Pay").answers([panics("index out of bounds")]);
    let task = app.run_task("pay", json!({})).await;
    app.advance_secs(1.0).await;
    assert_story!(app, task, @r"
    pay   pending → in_progress → pending (panic: the handler panicked: index out of bounds) (again in 1.0 s) → in_progress → complete
    task  pending → in_progress → complete
    ");
}

async fn a_failure_may_leave_results_for_its_retry(place: Place) {
    let app = TestApp::start(place, PAY).await;
    app.handler("Pay").answers([retry("half done").leaving(json!({"charge": 1}))]);
    let task = app.run_task("pay", json!({})).await;
    let step = app.step(task, "pay").await;
    assert_eq!((step.status, step.results.as_deref()), (Status::Pending, Some(&json!({"charge": 1}))));
}
