//! A node that is told to stop loses nothing.

use std::time::Duration;

use serde_json::json;
use tasker::{
    data::Kind,
    model::status::Status,
    orchestration::{Error, TaskRequest},
};

use crate::{
    app::{PATIENCE, TestApp},
    place::Place,
    script::hangs,
};

on_both_databases![
    what_still_runs_after_the_grace_is_given_back_and_made_again_at_once,
    what_ends_within_the_grace_is_recorded,
    a_stopping_node_takes_nothing_new,
    a_node_whose_journal_can_never_write_again_fails,
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
    let old = app.engine.clone();
    app.restart(Duration::ZERO).await;
    assert!(old.metrics().encode().contains("\ntasker_steps_running 0\n"), "the attempt was dropped");
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

async fn a_node_whose_journal_can_never_write_again_fails(place: Place) {
    let app = TestApp::start(place, WORK).await;
    let (harm, why) = match app.database.kind() {
        Kind::Sqlite => {
            ("UPDATE tasker_nodes SET epoch = epoch + 1", "another program has taken over the database file")
        }
        // The journal's thread panics over an answer of another type.
        Kind::Postgres => (
            "ALTER TABLE tasker_log ALTER COLUMN position TYPE numeric",
            "nothing can be written any more: the journal has broken down",
        ),
    };
    app.execute(harm).await;
    assert!(app.create(TaskRequest::new("work", json!({}))).await.is_err());
    assert_eq!(tokio::time::timeout(PATIENCE, app.engine.failed()).await, Ok(why));
    assert!(app.engine.is_fenced() && app.engine.failure() == Some(why));
    app.engine.stop(Duration::from_secs(30)).await;
}
