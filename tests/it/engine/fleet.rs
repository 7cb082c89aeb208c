//! Two nodes on one database.

use std::time::Duration;

use serde_json::json;
use tasker::{
    auth::Subject,
    model::{id::TaskId, scope::Scope, status::Status, task::Command},
    orchestration::{ClaimRequest, TaskRequest, WorkerSays},
};

use crate::{
    app::{PATIENCE, TestApp},
    place::Place,
    script::hangs,
};

const WORK: &str = "
name: work
step_templates: [{ name: only, handler_class: Only }]
---
name: noop
step_templates: [{ name: only, handler_class: tasker.noop }]
---
name: mixed
step_templates: [{ name: there, handler_class: remote.There }]
";

async fn start() -> Option<TestApp> {
    let place = Place::postgres().await?;
    Some(TestApp::with(place, WORK, |settings| settings.lease_ttl = Duration::from_secs(3)).await)
}

#[tokio::test]
async fn a_busy_node_takes_over_what_a_dead_one_ran() {
    let Some(mut app) = start().await else { return };
    app.handler("Only").answers([hangs()]);
    let task = app.run_task("work", json!({})).await;
    let first = app.join().await;
    first.abandon().await;
    // Each of them wakes the claimer.
    app.create_until_complete("noop", task).await;
}

#[tokio::test]
async fn a_step_that_one_node_left_to_a_worker_is_run_by_the_node_that_knows_it() {
    let Some(mut app) = start().await else { return };
    app.learn("remote.There");
    let first = app.join().await;
    let created = first.create_task(&Subject::anonymous(), TaskRequest::new("mixed", json!({}))).await;
    let task = TaskId(created.expect("created").task.id);
    // By the node that knows the handler.
    app.until(task, Status::Complete).await;
    first.stopping().cancel();
}

fn anything(wait: Duration) -> ClaimRequest {
    ClaimRequest {
        worker: "w".into(),
        classes: vec!["remote.There".into()],
        namespaces: None,
        scope: Scope::all(),
        limit: 10,
        lasts: Duration::from_secs(30),
        wait,
    }
}

#[tokio::test]
async fn a_worker_is_served_by_any_node_whichever_runs_the_task() {
    let Some(mut app) = start().await else { return };
    let first = app.join().await;
    let worker = Subject::named("w");
    // A worker asks at the first node as well, which therefore keeps the task in memory.
    assert!(first.claim_steps(&worker, &anything(Duration::ZERO)).await.expect("claimed").is_empty());
    let (second, ada) = (app.engine.clone(), worker.clone());
    let waits =
        tokio::spawn(async move { second.claim_steps(&ada, &anything(Duration::from_secs(60))).await });
    let created = first.create_task(&Subject::anonymous(), TaskRequest::new("mixed", json!({"n": 1}))).await;
    let task = TaskId(created.expect("created").task.id);
    let claimed = tokio::time::timeout(PATIENCE, waits).await.expect("in time").expect("no panic");
    let claimed = claimed.expect("claimed").pop().expect("the step");
    assert_eq!((claimed.lease.token.task, &*claimed.context), (task, &json!({"n": 1})));
    assert_eq!((first.tasks_in_memory(), app.engine.tasks_in_memory()), (1, 0));
    let (tokens, lasts) = ([Some(claimed.lease.token)], Duration::from_secs(50));
    let beats = app.engine.heartbeat_steps(&worker, &tokens, lasts, Duration::ZERO).await;
    let beats = beats.expect("an answer");
    assert!(beats[0].valid && beats[0].expires_at > Some(claimed.lease.expires_at));
    let says = || WorkerSays { token: tokens[0], ended: Ok(json!({})), events: Vec::new() };
    for _ in 0..2 {
        let answers = app.engine.answer_steps(&worker, vec![says()]).await.expect("answers");
        assert!(answers[0].is_ok(), "{answers:?}");
    }
    assert_eq!(app.status(task).await, Status::Complete);
    first.stopping().cancel();
}

#[tokio::test]
async fn a_worker_hears_of_a_cancellation_on_another_node() {
    let Some(mut app) = start().await else { return };
    let first = app.join().await;
    let worker = Subject::named("w");
    let created = first.create_task(&Subject::anonymous(), TaskRequest::new("mixed", json!({}))).await;
    let task = TaskId(created.expect("created").task.id);
    let claimed = first.claim_steps(&worker, &anything(Duration::from_secs(60))).await.expect("claimed");
    let token = claimed.first().expect("the step").lease.token;
    let (second, w) = (app.engine.clone(), worker.clone());
    let waits = tokio::spawn(async move {
        let (lasts, wait) = (Duration::from_secs(30), Duration::from_secs(60));
        second.heartbeat_steps(&w, &[Some(token)], lasts, wait).await.expect("an answer")
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    first.command(&worker, task, Command::CancelTask, None).await.expect("cancelled");
    let beats = tokio::time::timeout(PATIENCE, waits).await.expect("it is told").expect("no panic");
    assert_eq!((beats[0].valid, beats[0].cancelled), (false, true));
    first.stopping().cancel();
}
