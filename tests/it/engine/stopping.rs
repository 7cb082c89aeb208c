//! A node that is told to stop loses nothing.

use std::time::Duration;

use serde_json::json;
use tasker::{
    model::status::Status,
    orchestration::{Error, TaskRequest},
};

use crate::{app::TestApp, place::Place, script::hangs};

on_both_databases![
    what_still_runs_after_the_grace_is_given_back_and_made_again_at_once,
    what_ends_within_the_grace_is_recorded,
    a_stopping_node_takes_nothing_new,
];

const WORK: &str = "
name: work
step_templates:
  - { name: a, handler_class: A }
  - { name: b, handler_class: B, depends_on_step: a }
";

async fn what_still_runs_after_the_grace_is_given_back_and_made_again_at_once(place: Place) {
    let mut app = TestApp::start(place, WORK).await;
    app.handler("A").answers([hangs()]);
    let task = app.run_task("work", json!({})).await;
    app.restart(Duration::ZERO).await;
    assert_story!(app, task, @r"
    a     pending → in_progress → pending (shutdown) → in_progress → complete
    b     pending → in_progress → complete
    task  pending → in_progress → complete
    ");
    let step = app.step(task, "a").await;
    assert_eq!((step.attempts, step.released), (2, 1), "it does not count");
}

async fn what_ends_within_the_grace_is_recorded(place: Place) {
    let mut app = TestApp::start(place, WORK).await;
    app.handler("A").answers([hangs()]);
    let task = app.run_task("work", json!({})).await;
    let engine = app.engine.clone();
    let stopped = tokio::spawn(async move { engine.stop(Duration::from_secs(30)).await });
    app.run_until_idle().await;
    app.let_go().await;
    stopped.await.expect("stopped");
    let row = app.row(task).await;
    assert_eq!(
        (row.owner, row.wake_at, row.status.as_str()),
        (None, None, "in_progress"),
        "b is for the next engine"
    );
    app.restart(Duration::ZERO).await;
    assert_eq!(app.status(task).await, Status::Complete);
    assert_eq!(app.step(task, "a").await.attempts, 1);
}

async fn a_stopping_node_takes_nothing_new(place: Place) {
    let app = TestApp::start(place, WORK).await;
    app.engine.stop(Duration::ZERO).await;
    let refused = app.create(TaskRequest::new("work", json!({}))).await;
    assert!(matches!(refused, Err(Error::Stopping)));
}
