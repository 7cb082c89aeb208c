//! What becomes of the tasks of a node that died.

use serde_json::json;
use tasker::model::{failure::FailureKind, status::Status};

use crate::{app::TestApp, place::Place, script::hangs};

on_both_databases![
    a_lost_attempt_is_made_again_and_does_not_count,
    a_lost_attempt_that_must_not_run_twice_goes_to_error,
    suspects_run_one_step_at_a_time_and_progress_clears_them,
    what_keeps_killing_its_node_is_stopped,
    what_waited_in_the_database_is_taken_up_by_the_next_engine,
];

const WORK: &str = "
name: work
step_templates:
  - { name: a, handler_class: A, default_retry_limit: 1 }
  - { name: b, handler_class: B, depends_on_step: a }
---
name: pair
step_templates:
  - { name: left, handler_class: Left }
  - { name: right, handler_class: Right }
---
name: once
step_templates:
  - { name: pay, handler_class: Pay, default_retryable: false }
  - { name: tell, handler_class: Tell }
---
name: parked
backoff: { default_backoff_seconds: [100], jitter_max_percentage: 0 }
step_templates: [{ name: only, handler_class: tasker.fail, handler_config: { times: 1 } }]
";

async fn a_lost_attempt_is_made_again_and_does_not_count(place: Place) {
    let mut app = TestApp::start(place, WORK).await;
    app.handler("A").answers([hangs()]);
    let task = app.run_task("work", json!({})).await;
    app.crash().await;
    assert_story!(app, task, @r"
    a     pending → in_progress → pending (node_lost) → in_progress → complete
    b     pending → in_progress → complete
    task  pending → in_progress → complete
    ");
    let step = app.step(task, "a").await;
    assert_eq!((step.attempts, step.released), (2, 1));
    assert_eq!(app.row(task).await.recoveries, 0, "progress clears the count");
}

async fn a_lost_attempt_that_must_not_run_twice_goes_to_error(place: Place) {
    let mut app = TestApp::start(place, WORK).await;
    app.handler("Pay").answers([hangs()]);
    let task = app.run_task("once", json!({})).await;
    app.crash().await;
    assert_story!(app, task, @r"
    pay   pending → in_progress → error (lost: the attempt was lost and the step is not retryable: whether it had its effect is unknown)
    tell  pending → in_progress → complete
    task  pending → in_progress → error
    ");
    assert_eq!(app.calls().iter().filter(|call| call.step == "pay").count(), 1);
    assert_eq!(app.step(task, "pay").await.error.expect("an error").kind, FailureKind::Lost);
}

async fn suspects_run_one_step_at_a_time_and_progress_clears_them(place: Place) {
    let mut app = TestApp::start(place, WORK).await;
    app.handler("Left").answers((0..3).map(|_| hangs()));
    app.handler("Right").answers((0..2).map(|_| hangs()));
    let task = app.run_task("pair", json!({})).await;
    app.crash().await;
    assert_eq!((app.calls().len(), app.row(task).await.recoveries), (4, 1), "after one crash both run");
    app.crash().await;
    assert_eq!((app.calls().len(), app.row(task).await.recoveries), (5, 2), "after two, one at a time");
    assert_eq!(app.step(task, "right").await.status, Status::Pending);
    app.let_go().await;
    assert_eq!(app.status(task).await, Status::Complete);
    assert_eq!(app.row(task).await.recoveries, 0);
}

async fn what_keeps_killing_its_node_is_stopped(place: Place) {
    let mut app = TestApp::with(place, WORK, |settings| settings.max_recoveries = 3).await;
    app.handler("Left").answers((0..9).map(|_| hangs()));
    let task = app.run_task("pair", json!({})).await;
    for _ in 0..4 {
        app.crash().await;
    }
    assert_story!(app, task, @r"
    left   pending → in_progress → pending (node_lost) → in_progress → pending (node_lost) → in_progress → pending (node_lost) → in_progress → error (node_lost: its node died 4 times while this step was running; look for a crash or memory exhaustion in its handler, then retry the step)
    right  pending → in_progress → complete
    task   pending → in_progress → error
    ");
    assert_eq!(app.step(task, "left").await.error.expect("an error").kind, FailureKind::NodeLost);
}

async fn what_waited_in_the_database_is_taken_up_by_the_next_engine(place: Place) {
    let mut app = TestApp::start(place, WORK).await;
    let task = app.run_task("parked", json!({})).await;
    app.crash().await;
    assert_eq!(app.row(task).await.recoveries, 0, "nobody owned it");
    app.advance_secs(100.0).await;
    assert_eq!(app.status(task).await, Status::Complete);
}
