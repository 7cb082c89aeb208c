//! What a node owns is run, whatever comes between.

use std::time::Duration;

use futures_util::FutureExt;
use sea_orm::EntityTrait;
use serde_json::json;
use tasker::{
    data::{Kind, entity},
    model::{status::Status, task::Command},
    orchestration::TaskRequest,
};

use crate::{
    app::TestApp,
    place::Place,
    script::{hangs, ignores, retry},
};

on_both_databases![
    a_crash_after_a_command_on_a_parked_task_leaves_it_due,
    a_delayed_task_keeps_its_delay_when_its_owner_dies,
    what_a_retired_node_claimed_too_late_is_freed,
    a_task_whose_creator_stopped_waiting_runs,
    a_command_whose_sender_stopped_waiting_is_carried_out,
    a_task_that_nobody_attends_to_is_found,
    an_unreadable_task_is_put_aside_as_it_is,
    a_cancelled_handler_takes_up_room_until_it_ends,
];

const WORK: &str = "
name: mixed
step_templates:
  - { name: there, handler_class: remote.There }
  - { name: join, handler_class: Join, depends_on_step: there }
---
name: later
delay_seconds: 1000
step_templates: [{ name: only, handler_class: Only }]
---
name: long
backoff: { default_backoff_seconds: [100], jitter_max_percentage: 0 }
step_templates: [{ name: only, handler_class: Only }]
";

async fn a_crash_after_a_command_on_a_parked_task_leaves_it_due(place: Place) {
    let mut app = TestApp::start(place, WORK).await;
    app.handler("Join").answers([hangs()]);
    let task = app.run_task("mixed", json!({})).await;
    let step = app.step_id(task, "there").await;
    app.done(task, Command::ResolveStep { step, results: None }).await;
    app.crash().await;
    assert_eq!(app.status(task).await, Status::Complete);
}

async fn a_delayed_task_keeps_its_delay_when_its_owner_dies(place: Place) {
    let mut app = TestApp::start(place, WORK).await;
    let task = app.run_task("later", json!({})).await;
    let due = app.row(task).await.wake_at;
    own(&app).await;
    app.crash().await;
    let row = app.row(task).await;
    assert_eq!((row.owner, row.wake_at, app.calls().len()), (None, due, 0));
}

async fn what_a_retired_node_claimed_too_late_is_freed(place: Place) {
    let mut app = TestApp::start(place, WORK).await;
    if app.database.kind() == Kind::Postgres {
        return; // The claim itself is refused there.
    }
    let task = app.run_task("later", json!({})).await;
    app.engine.stop(Duration::ZERO).await;
    own(&app).await;
    app.crash().await;
    assert_eq!(app.row(task).await.owner, None);
}

async fn a_task_whose_creator_stopped_waiting_runs(place: Place) {
    let app = TestApp::start(place, WORK).await;
    assert!(app.create(TaskRequest::new("long", json!({}))).now_or_never().is_none());
    app.run_until_idle().await;
    let rows = entity::task::Entity::find().all(&app.database.reader).await.expect("readable");
    let rows: Vec<(Option<i64>, &str)> = rows.iter().map(|row| (row.owner, row.status.as_str())).collect();
    assert_eq!(rows, [(None, "complete")]);
}

async fn a_command_whose_sender_stopped_waiting_is_carried_out(place: Place) {
    let app = TestApp::start(place, WORK).await;
    app.handler("Only").answers([retry("no")]);
    let task = app.run_task("long", json!({})).await;
    let step = app.step_id(task, "only").await;
    let again = Command::RetryStep { step, additional_attempts: None };
    assert!(app.command(task, again).now_or_never().is_none());
    app.run_until_idle().await;
    assert_eq!((app.status(task).await, app.row(task).await.owner), (Status::Complete, None));
}

async fn a_task_that_nobody_attends_to_is_found(place: Place) {
    let app = TestApp::start(place, WORK).await;
    let task = app.run_task("later", json!({})).await;
    own(&app).await;
    app.command(task, Command::CancelTask).await.expect("its run is begun, and hears it");
    assert_eq!(app.status(task).await, Status::Cancelled);
}

async fn an_unreadable_task_is_put_aside_as_it_is(place: Place) {
    let app = TestApp::start(place, WORK).await;
    app.handler("Only").answers([retry("no")]);
    let task = app.run_task("long", json!({})).await;
    app.execute("UPDATE tasker_tasks SET tags = '\"no list\"', recoveries = -7").await;
    app.advance_secs(100.0).await;
    let row = app.row(task).await;
    assert_eq!((row.owner, row.tags, row.recoveries), (None, json!("no list"), -7));
    app.execute("UPDATE tasker_tasks SET tags = '[]', recoveries = 0").await;
    app.advance_secs(300.0).await;
    assert_eq!(app.status(task).await, Status::Complete);
}

async fn a_cancelled_handler_takes_up_room_until_it_ends(place: Place) {
    let app = TestApp::start(place, WORK).await;
    app.handler("Only").answers([ignores(), ignores()]);
    let ends = app.run_task("long", json!({})).await;
    let never_ends = app.run_task("long", json!({})).await;
    app.done(ends, Command::CancelTask).await;
    assert_eq!(app.engine.tasks_in_memory(), 2);
    app.let_go().await;
    assert_eq!(app.engine.tasks_in_memory(), 0);
    app.handler("Only").answers([ignores()]);
    let task = app.run_task("long", json!({})).await;
    assert_eq!((app.status(never_ends).await, app.engine.tasks_in_memory()), (Status::Complete, 1));
    app.done(task, Command::CancelTask).await;
    app.advance_secs(29.0).await;
    assert_eq!(app.engine.tasks_in_memory(), 1);
    app.advance_secs(1.0).await;
    assert_eq!(app.engine.tasks_in_memory(), 0, "it is dropped");
}

/// The node owns every task, and does not know it.
async fn own(app: &TestApp) {
    app.execute(&format!("UPDATE tasker_tasks SET owner = {}", app.engine.identity().id.0)).await;
}
