//! Commands for a task that another node runs.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use tasker::{
    auth::Subject,
    data::commands,
    model::{
        audit::{Act, Verdict, Way},
        id::NodeId,
        status::Status,
        task::Command,
    },
    orchestration::{Caller, Engine},
};

use crate::{
    app::{PATIENCE, TestApp},
    place::Place,
    script::{hangs, ok, retry},
};

const WORK: &str = "
name: work
step_templates:
  - { name: first, handler_class: First, default_retry_limit: 2, backoff: { default_backoff_seconds: [600] } }
  - { name: last, handler_class: Last, depends_on_step: first }
";

/// A task that the first node runs and whose handler hangs, and the second node, which is asked.
async fn start() -> Option<(TestApp, Engine, tasker::model::id::TaskId)> {
    start_with(WORK).await
}

async fn start_with(template: &str) -> Option<(TestApp, Engine, tasker::model::id::TaskId)> {
    let place = Place::postgres().await?;
    let mut app = TestApp::with(place, template, |settings| {
        settings.lease_ttl = Duration::from_secs(3);
        settings.command_wait = Duration::from_secs(2);
    })
    .await;
    app.handler("First").answers([hangs()]);
    let task = app.run_task("work", json!({})).await;
    let first = app.join().await;
    Some((app, first, task))
}

/// Commands that are left.
async fn left(app: &TestApp, owner: &Engine) -> usize {
    let own: NodeId = owner.identity().id;
    commands::waiting(&app.database, own, 1_000).await.expect("readable").len()
}

#[tokio::test]
async fn a_command_reaches_the_node_that_runs_the_task_and_is_recorded_there() {
    let Some((app, first, task)) = start().await else { return };
    let act = Act {
        verdict: Verdict::Allowed,
        code: None,
        subject: Some("ada".into()),
        credential: None,
        operation: Some("Stop".into()),
        way: Way::Mutation,
        fields: vec!["cancelTask".into()],
        permissions: vec!["tasker.task:cancel".into()],
        missing: Vec::new(),
        policy_version: Some(7),
        request_id: None,
    };
    let caller = Caller { subject: Subject::named("ada"), act: Some(Arc::new(act)) };
    app.engine.command(caller, task, Command::CancelTask, Some("enough".into())).await.expect("cancelled");
    assert_eq!(app.status(task).await, Status::Cancelled);
    let events = app.events(task).await;
    let cancelled = events.iter().find(|one| one.event.name.as_str() == "task.cancelled").expect("the event");
    assert_eq!(cancelled.event.actor.as_deref(), Some("ada"));
    assert_eq!(cancelled.event.payload()["reason"], "enough");
    let records =
        tasker::data::audit::list(&app.database, &Default::default(), None, 10).await.expect("read");
    let record = records.iter().find(|record| record.task == Some(task)).expect("the record");
    assert_eq!((record.act.operation.as_deref(), record.act.policy_version), (Some("Stop"), Some(7)));
    assert_eq!(left(&app, &first).await, 0);
    first.stopping().cancel();
}

#[tokio::test]
async fn a_refusal_comes_back_with_the_status_and_nothing_is_left() {
    let Some((app, first, task)) = start().await else { return };
    let command = Command::RetryTask { additional_attempts: None };
    assert_eq!(
        app.command(task, command).await.expect_err("refused").to_string(),
        "the task is in_progress; retry_task is not possible"
    );
    let step = Command::CancelStep { step: tasker::model::id::StepId(task.0) };
    assert!(app.command(task, step).await.expect_err("refused").to_string().contains("no such step"));
    assert_eq!(left(&app, &first).await, 0);
    first.stopping().cancel();
}

#[tokio::test]
async fn what_is_left_for_a_node_that_dies_takes_effect_when_its_task_is_taken_over() {
    let Some((app, first, task)) = start().await else { return };
    first.abandon().await;
    // The owner is silent, and its lease has not run out.
    app.command(task, Command::CancelTask).await.expect("kept, or carried out already");
    app.until(task, Status::Cancelled).await;
    // Before anything else: the handler was called by the node that died, and not once more.
    assert_eq!(app.calls().len(), 1);
    let cancelled = app.events(task).await;
    assert_eq!(cancelled.iter().filter(|one| one.event.name.as_str() == "task.cancelled").count(), 1);
}

/// Its step may not run twice, so that the takeover itself ends in an error.
#[tokio::test]
async fn what_is_left_reaches_a_task_that_recovery_puts_to_rest() {
    let once = WORK.replace("default_retry_limit: 2", "default_retryable: false");
    let Some((app, first, task)) = start_with(&once).await else { return };
    first.abandon().await;
    app.command(task, Command::CancelTask).await.expect("kept, or carried out already");
    app.until(task, Status::Cancelled).await;
}

#[tokio::test]
async fn of_many_commands_at_once_each_is_carried_out_once() {
    let Some(place) = Place::postgres().await else { return };
    let mut app = TestApp::with(place, WORK, |settings| {
        settings.lease_ttl = Duration::from_secs(30);
        settings.command_wait = PATIENCE;
        settings.park_after = Duration::from_secs(3_600);
    })
    .await;
    // It waits ten minutes for its retry, in the memory of the first node.
    app.handler("First").answers([retry("busy"), ok(json!({}))]);
    let task = app.run_task("work", json!({})).await;
    let step = app.step_id(task, "first").await;
    let first = app.join().await;
    app.handler("First").answers([hangs()]);
    let update = |limit| Command::UpdateStep { step, retry_limit: Some(limit), inputs: None };
    let asked = (0..60).map(|no| app.command(task, update(10 + no)));
    for answer in futures_util::future::join_all(asked).await {
        answer.expect("carried out");
    }
    let events = app.events(task).await;
    assert_eq!(events.iter().filter(|one| one.event.name.as_str() == "step.updated").count(), 60);
    assert_eq!(left(&app, &first).await, 0);
    first.stopping().cancel();
}
