//! The mutations of tasks: what each does, what it leaves in the log, and when it is refused.

use serde_json::{Value, json};

use super::setup::Service;
use crate::{
    place::Place,
    script::{hangs, permanent},
};

on_both_databases![
    update_task_changes_its_words,
    cancel_task_ends_what_is_not_settled,
    retry_task_gives_failed_steps_more_attempts,
    resolve_task_declares_it_done,
    delete_task_removes_it_and_answers_with_what_it_was,
    a_status_that_forbids_a_command_is_told,
];

async fn failed(service: &Service) -> String {
    service.script("Stock", [permanent("empty shelf")]);
    service.run("order", json!({ "id": 1 })).await
}

/// The names of a task's events from the last `count`, with the reasons they give.
async fn told(service: &Service, task: &str, name: &str) -> Value {
    let query = "query ($task: ID!, $name: String!) {
        events(filter: { taskId: $task, names: [$name] }) { nodes { payload } } }";
    let events = service.data(query, json!({ "task": task, "name": name })).await;
    events["events"]["nodes"][0]["payload"]["reason"].clone()
}

async fn update_task_changes_its_words(place: Place) {
    let service = Service::start(place).await;
    let task = service.run("later", json!({})).await;
    let input = json!({ "taskId": task, "reason": "a whim", "tags": ["x", "y"] });
    let updated = service.mutate("updateTask", input, "{ taskId reason tags status }").await;
    let expected = json!({ "taskId": task, "reason": "a whim", "tags": ["x", "y"], "status": "PENDING" });
    assert_eq!(updated, expected);
    let tags = service.mutate("updateTask", json!({ "taskId": task, "tags": [] }), "{ reason tags }").await;
    assert_eq!(tags, json!({ "reason": "a whim", "tags": [] }), "what is left out stays");
    let nothing = service.refused("updateTask", json!({ "taskId": task })).await;
    assert_eq!(nothing["extensions"]["code"], "BAD_USER_INPUT");
}

async fn cancel_task_ends_what_is_not_settled(place: Place) {
    let service = Service::start(place).await;
    service.script("Pay", [hangs()]);
    let task = service.run("order", json!({ "id": 1 })).await;
    let input = json!({ "taskId": task, "reason": "changed her mind" });
    let cancelled = service.mutate("cancelTask", input, "{ status completedAt }").await;
    assert_eq!(cancelled["status"], "CANCELLED");
    assert!(cancelled["completedAt"].is_string());
    service.idle().await;
    assert_eq!(
        service.statuses(&task).await,
        "fetch COMPLETE, pay CANCELLED, stock COMPLETE, ship CANCELLED, task CANCELLED"
    );
    assert_eq!(told(&service, &task, "task.cancelled").await, "changed her mind");
}

async fn retry_task_gives_failed_steps_more_attempts(place: Place) {
    let service = Service::start(place).await;
    let task = failed(&service).await;
    let input = json!({ "taskId": task, "additionalAttempts": 2, "reason": "restocked" });
    let retried =
        service.mutate("retryTask", input, "{ status workflowSteps { name retryLimit attempts } }").await;
    assert_eq!(retried["workflowSteps"][2]["retryLimit"], 3, "one was made and two are granted");
    service.idle().await;
    assert_eq!(
        service.statuses(&task).await,
        "fetch COMPLETE, pay COMPLETE, stock COMPLETE, ship COMPLETE, task COMPLETE"
    );
    assert_eq!(told(&service, &task, "task.retry_requested").await, "restocked");
}

async fn resolve_task_declares_it_done(place: Place) {
    let service = Service::start(place).await;
    let task = failed(&service).await;
    let input = json!({ "taskId": task, "reason": "sent by hand" });
    let resolved = service.mutate("resolveTask", input, "{ status complete executionStatus }").await;
    assert_eq!(
        resolved,
        json!({ "status": "RESOLVED_MANUALLY", "complete": false, "executionStatus": "ALL_COMPLETE" })
    );
    assert_eq!(
        service.statuses(&task).await,
        "fetch COMPLETE, pay COMPLETE, stock CANCELLED, ship CANCELLED, task RESOLVED_MANUALLY"
    );
    assert_eq!(told(&service, &task, "task.resolved_manually").await, "sent by hand");
}

async fn delete_task_removes_it_and_answers_with_what_it_was(place: Place) {
    let service = Service::start(place).await;
    let task = service.run("order", json!({ "id": 5 })).await;
    let selection = "{ taskId status context workflowSteps { name results events { name } } events { name }
        namedTask { fullName } }";
    let before = service.task(&task, selection).await;
    let input = json!({ "taskId": task, "reason": "the law" });
    let deleted = service.mutate("deleteTask", input.clone(), selection).await;
    assert_eq!(deleted, before, "all of it, though it is gone");
    assert_eq!(service.task(&task, "{ taskId }").await, Value::Null);
    let query = "query ($task: ID!) { events(filter: { taskId: $task }) { nodes { name payload } } }";
    let left = service.data(query, json!({ "task": task })).await;
    assert_eq!(left["events"]["nodes"].as_array().map(Vec::len), Some(1));
    assert_eq!(left["events"]["nodes"][0]["name"], "task.deleted");
    assert_eq!(left["events"]["nodes"][0]["payload"]["reason"], "the law");
    assert_eq!(service.refused("deleteTask", input).await["extensions"]["code"], "NOT_FOUND");
}

async fn a_status_that_forbids_a_command_is_told(place: Place) {
    let service = Service::start(place).await;
    let done = service.run("order", json!({ "id": 1 })).await;
    let open = service.run("later", json!({})).await;
    service.script("Pay", [hangs()]);
    let running = service.run("order", json!({ "id": 2 })).await;
    for (field, task, status) in [
        ("cancelTask", &done, "COMPLETE"),
        ("retryTask", &done, "COMPLETE"),
        ("resolveTask", &done, "COMPLETE"),
        ("retryTask", &open, "PENDING"),
        ("deleteTask", &open, "PENDING"),
        ("deleteTask", &running, "IN_PROGRESS"),
        ("updateTask", &running, "IN_PROGRESS"),
    ] {
        let before = service.task(task, "{ status reason }").await;
        let error = service.refused(field, json!({ "taskId": task, "reason": "why not" })).await;
        assert_eq!(error["extensions"], json!({ "code": "CONFLICT", "status": status }), "{field}");
        assert_eq!(error["path"], json!([field]));
        assert_eq!(service.task(task, "{ status reason }").await, before, "{field}");
    }
    service.let_go().await;
}
