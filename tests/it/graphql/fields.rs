//! Every field of a task and of its steps, for tasks in different places. Each state is written down once and must be
//! the same on both databases.

use serde_json::{Value, json};

use super::{client::id, setup::Service};
use crate::{
    place::Place,
    script::{hangs, ok, permanent, retry_after},
};

on_both_databases![
    of_a_finished_task,
    of_a_failed_task,
    of_a_task_that_runs_and_waits_for_its_retry,
    of_a_task_that_waits_for_a_worker,
    of_a_task_that_starts_later,
    moments_are_in_their_order,
];

const TASK: &str = include_str!("documents/task.graphql");

/// The task in words that are the same each time: ids as names, moments as `moment`.
async fn shown(service: &Service, task: &str) -> String {
    let mut shown = service.data(TASK, json!({ "task": task })).await["task"].take();
    let mut names = vec![(task.to_owned(), "id of the task".to_owned())];
    for step in shown["workflowSteps"].as_array().expect("steps") {
        let name = step["name"].as_str().expect("a name");
        names.push((id(&step["workflowStepId"]), format!("id of {name}")));
    }
    name(&mut shown, &names);
    // Steps side by side end in any order.
    shown["events"].as_array_mut().expect("events").sort_by_key(ToString::to_string);
    if shown["node"].is_string() {
        shown["node"] = json!("a node");
    }
    format!("{shown:#}")
}

fn name(value: &mut Value, names: &[(String, String)]) {
    match value {
        Value::String(text) => {
            if let Some((_, name)) = names.iter().find(|(id, _)| id == text) {
                text.clone_from(name);
            } else if text.len() == 27 && text.ends_with('Z') {
                "moment".clone_into(text);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| name(item, names)),
        Value::Object(entries) => entries.values_mut().for_each(|entry| name(entry, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

async fn of_a_finished_task(place: Place) {
    let service = Service::start(place).await;
    service.script("Fetch", [ok(json!({ "total": 12.5 }))]);
    let input = json!({
        "name": "order", "context": { "id": 1 }, "reason": "a gift", "tags": ["red"], "initiator": "ada",
        "sourceSystem": "till", "idempotencyKey": "k", "priority": 5,
    });
    let created = service.mutate("createTask", input, "{ taskId }").await;
    service.idle().await;
    let task = id(&created["taskId"]);
    insta::assert_snapshot!("finished", shown(&service, &task).await);
}

async fn of_a_failed_task(place: Place) {
    let service = Service::start(place).await;
    service.script("Stock", [permanent("the shelf is empty").leaving(json!({ "shelf": 3 }))]);
    let task = service.run("order", json!({ "id": 1 })).await;
    insta::assert_snapshot!("failed", shown(&service, &task).await);
}

async fn of_a_task_that_runs_and_waits_for_its_retry(place: Place) {
    let service = Service::start(place).await;
    service.script("Pay", [retry_after("the bank sleeps", 3_000)]);
    service.script("Stock", [hangs()]);
    let task = service.run("order", json!({ "id": 1 })).await;
    insta::assert_snapshot!("running", shown(&service, &task).await);
    service.let_go().await;
    insta::assert_snapshot!("waiting_for_retry", shown(&service, &task).await);
}

async fn of_a_task_that_waits_for_a_worker(place: Place) {
    let service = Service::start(place).await;
    let task = service.run("abroad", json!({})).await;
    insta::assert_snapshot!("waiting_for_worker", shown(&service, &task).await);
}

async fn of_a_task_that_starts_later(place: Place) {
    let service = Service::start(place).await;
    let task = service.run("later", json!({})).await;
    insta::assert_snapshot!("starts_later", shown(&service, &task).await);
}

async fn moments_are_in_their_order(place: Place) {
    let service = Service::start(place).await;
    let input = json!({ "name": "order", "context": { "id": 1 }, "requestedAt": "2026-01-01T00:00:00Z" });
    let created = service.mutate("createTask", input, "{ taskId }").await;
    service.idle().await;
    let selection = "{ requestedAt createdAt startedAt completedAt updatedAt workflowSteps {
        createdAt startedAt lastAttemptedAt processedAt updatedAt } }";
    let task = service.task(created["taskId"].as_str().expect("an id"), selection).await;
    let moments = |value: &Value, names: &[&str]| -> Vec<String> {
        names
            .iter()
            .map(|name| value[name].as_str().unwrap_or_else(|| panic!("{name}: {value}")).into())
            .collect()
    };
    // RFC 3339 in UTC with microseconds sorts as text.
    let own = moments(&task, &["requestedAt", "createdAt", "startedAt", "completedAt", "updatedAt"]);
    assert!(own.is_sorted(), "{own:?}");
    assert_eq!(own[0], "2026-01-01T00:00:00.000000Z");
    for step in task["workflowSteps"].as_array().expect("steps") {
        let of_step = moments(step, &["createdAt", "startedAt", "processedAt", "updatedAt"]);
        assert!(of_step.is_sorted() && of_step[2] <= own[3], "{of_step:?}");
        assert_eq!(step["lastAttemptedAt"], step["startedAt"]);
    }
    let steps = &task["workflowSteps"];
    assert!(steps[0]["processedAt"].as_str() <= steps[1]["startedAt"].as_str(), "a dependency is done first");
}
