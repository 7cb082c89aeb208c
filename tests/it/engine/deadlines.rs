//! A task's own limit.

use serde_json::json;
use tasker::model::{status::Status, task::Command};

use crate::{
    app::TestApp,
    place::Place,
    script::{hangs, ok},
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
