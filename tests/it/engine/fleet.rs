//! Two nodes on one database.

use std::time::Duration;

use serde_json::json;
use tasker::{
    auth::Subject,
    model::{id::TaskId, status::Status},
    orchestration::TaskRequest,
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
    let complete = async {
        while app.status(task).await != Status::Complete {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, complete).await.expect("the node that knows the handler runs the step");
    first.stopping().cancel();
}
