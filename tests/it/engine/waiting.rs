//! Tasks with nothing to do leave memory and come back.

use std::time::Duration;

use serde_json::json;
use tasker::{
    model::{status::Status, task::Command},
    orchestration::TaskRequest,
};

use crate::{
    app::TestApp,
    place::Place,
    script::{ok, retry},
};

on_both_databases![
    a_step_nobody_here_can_run_waits_visibly_and_the_rest_goes_on,
    a_later_program_that_knows_the_handler_runs_the_step,
    a_delayed_task_starts_at_its_moment,
    a_long_retry_parks_the_task_and_time_brings_it_back,
    a_parked_task_is_woken_by_a_command,
    a_short_wait_stays_in_memory,
];

const MIXED: &str = "
name: mixed
step_templates:
  - { name: here, handler_class: Here }
  - { name: there, handler_class: remote.There }
  - { name: join, handler_class: Join, depends_on_steps: [here, there] }
---
name: later
delay_seconds: 120
step_templates:
  - { name: only, handler_class: Only }
---
name: long
backoff: { default_backoff_seconds: [100], jitter_max_percentage: 0 }
step_templates:
  - { name: only, handler_class: Only }
---
name: short
backoff: { default_backoff_seconds: [5], jitter_max_percentage: 0 }
step_templates:
  - { name: only, handler_class: Only }
";

async fn a_step_nobody_here_can_run_waits_visibly_and_the_rest_goes_on(place: Place) {
    let app = TestApp::start(place, MIXED).await;
    let task = app.run_task("mixed", json!({})).await;
    assert_story!(app, task, @r"
    here   pending → in_progress → complete
    there  pending (waits for a worker)
    join   pending
    task   pending → in_progress
    ");
    assert_eq!(app.engine.tasks_in_memory(), 0, "it waits in the database");
    let step = app.step_id(task, "there").await;
    app.done(task, Command::ResolveStep { step, results: Some(json!({"by": "hand"})) }).await;
    assert_story!(app, task, @r"
    here   pending → in_progress → complete
    there  pending (waits for a worker) → resolved_manually by ada
    join   pending → in_progress → complete
    task   pending → in_progress → complete
    ");
}

async fn a_later_program_that_knows_the_handler_runs_the_step(place: Place) {
    let mut app = TestApp::start(place, MIXED).await;
    let task = app.run_task("mixed", json!({})).await;
    assert_eq!(app.row(task).await.owner, None);
    app.learn("remote.There");
    app.restart(Duration::ZERO).await;
    assert_story!(app, task, @r"
    here   pending → in_progress → complete
    there  pending (waits for a worker) → in_progress → complete
    join   pending → in_progress → complete
    task   pending → in_progress → complete
    ");
}

async fn a_delayed_task_starts_at_its_moment(place: Place) {
    let app = TestApp::start(place, MIXED).await;
    let task = app.run_task("later", json!({})).await;
    let mut sooner = TaskRequest::new("later", json!({}));
    sooner.delay = Some(Duration::from_secs(60));
    app.create(sooner).await.expect("created");
    app.run_until_idle().await;
    app.advance_secs(59.0).await;
    assert_eq!((app.calls().len(), app.status(task).await), (0, Status::Pending));
    app.advance_secs(1.0).await;
    assert_eq!(app.calls().len(), 1);
    app.advance_secs(60.0).await;
    assert_eq!(app.status(task).await, Status::Complete);
}

async fn a_long_retry_parks_the_task_and_time_brings_it_back(place: Place) {
    let app = TestApp::start(place, MIXED).await;
    app.handler("Only").answers([retry("no"), ok(json!({}))]);
    let task = app.run_task("long", json!({})).await;
    let row = app.row(task).await;
    let due = app.step(task, "only").await.next_attempt_at.map(|at| at.0);
    assert_eq!((row.owner, row.wake_at, app.engine.tasks_in_memory()), (None, due, 0));
    app.advance_secs(100.0).await;
    assert_eq!(app.status(task).await, Status::Complete);
    assert_eq!(app.row(task).await.recoveries, 0, "parking is no crash");
}

async fn a_parked_task_is_woken_by_a_command(place: Place) {
    let app = TestApp::start(place, MIXED).await;
    app.handler("Only").answers([retry("no")]);
    let task = app.run_task("long", json!({})).await;
    let step = app.step_id(task, "only").await;
    app.done(task, Command::RetryStep { step, additional_attempts: None }).await;
    assert_story!(app, task, @r"
    only  pending → in_progress → pending (retryable: no) (again in 100.0 s) (now) by ada → in_progress → complete
    task  pending → in_progress → complete
    ");
}

async fn a_short_wait_stays_in_memory(place: Place) {
    let app = TestApp::start(place, MIXED).await;
    app.handler("Only").answers([retry("no")]);
    app.run_task("short", json!({})).await;
    assert_eq!(app.engine.tasks_in_memory(), 1);
}
