//! A task's own limit.

use std::time::{Duration, Instant};

use serde_json::json;
use tasker::model::{failure::FailureKind, status::Status, task::Command};

use crate::{
    app::{PATIENCE, TestApp},
    place::Place,
    script::{blocks, hangs, ok},
};

on_both_databases![
    a_task_that_takes_too_long_rests_in_error_and_can_be_retried,
    a_task_that_waits_in_the_database_ends_at_its_limit,
    a_task_that_is_done_in_time_is_left_alone,
];

const LIMITED: &str = "
name: working
timeout_seconds: 60
step_templates:
  - { name: work, handler_class: Work }
  - { name: after, handler_class: After, depends_on_step: work }
---
name: waiting
timeout_seconds: 60
step_templates:
  - { name: abroad, handler_class: remote.There }
";

const BLOCKING: &str = "
name: blocking
step_templates:
  - { name: only, handler_class: Blocks, timeout_seconds: 5, backoff: { default_backoff_seconds: [5], jitter_max_percentage: 0 } }
";

async fn a_task_that_takes_too_long_rests_in_error_and_can_be_retried(place: Place) {
    let app = TestApp::start(place, LIMITED).await;
    app.handler("Work").answers([hangs(), ok(json!({}))]);
    let task = app.run_task("working", json!({})).await;
    app.advance_secs(59.0).await;
    assert_eq!(app.status(task).await, Status::InProgress);
    app.advance_secs(1.0).await;
    assert_eq!(app.status(task).await, Status::Error);
    let error = app.step(task, "work").await.error.expect("why");
    assert_eq!(error.code.as_deref(), Some("TASK_TIMEOUT"));
    app.let_go().await;
    assert_eq!(app.status(task).await, Status::Error, "its late answer does not count");
    app.done(task, Command::RetryTask { additional_attempts: None }).await;
    app.advance_secs(600.0).await;
    assert_eq!(app.status(task).await, Status::Complete);
}

async fn a_task_that_waits_in_the_database_ends_at_its_limit(place: Place) {
    let app = TestApp::start(place, LIMITED).await;
    let task = app.run_task("waiting", json!({})).await;
    assert_eq!(app.engine.tasks_in_memory(), 0);
    app.advance_secs(61.0).await;
    assert_eq!(app.status(task).await, Status::Error);
}

async fn a_task_that_is_done_in_time_is_left_alone(place: Place) {
    let app = TestApp::start(place, LIMITED).await;
    let task = app.run_task("working", json!({})).await;
    app.advance_secs(120.0).await;
    assert_eq!(app.status(task).await, Status::Complete);
}

/// The clock stands still but for what is moved by hand; the thread that the handler holds is a real one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_handler_that_blocks_its_thread_is_left_to_itself_when_its_time_is_over() {
    let app = TestApp::start(Place::sqlite(), BLOCKING).await;
    app.handler("Blocks").answers([blocks(Duration::from_secs(6)), ok(json!({"second": true}))]);
    let task = app.create_task("blocking", json!({})).await;
    let until = async |wanted: Status| {
        while app.step(task, "only").await.status != wanted {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, until(Status::InProgress)).await.expect("it begins");
    let began = Instant::now();
    app.clock.advance(Duration::from_secs(10));
    tokio::time::timeout(PATIENCE, until(Status::Pending)).await.expect("its time is over");
    assert!(began.elapsed() < Duration::from_secs(5), "before it lets go of its thread");
    let error = app.step(task, "only").await.error.expect("why");
    assert_eq!(error.kind, FailureKind::Timeout);
    assert!(app.engine.metrics().attempts_abandoned.get() == 1);
    app.clock.advance(Duration::from_secs(10));
    tokio::time::timeout(PATIENCE, until(Status::Complete)).await.expect("the next attempt is made");
    tokio::time::sleep(Duration::from_secs(6).saturating_sub(began.elapsed())).await;
    let results = app.step(task, "only").await.results;
    assert_eq!(results.as_deref(), Some(&json!({"second": true})), "its late answer is nobody's");
}
