//! What is done and refused over REST is in the audit log, as REST.

use serde_json::{Value, json};

use super::client::Api;
use crate::place::Place;

on_both_databases![what_is_done_and_refused_is_recorded];

async fn what_is_done_and_refused_is_recorded(place: Place) {
    let api = Api::start(place).await;
    let (viewer, operator) = (api.token("viewer").await, api.token("operator").await);
    let task = api.paused(&api.admin, "shop").await;
    let path = format!("/api/v1/tasks/{task}/cancel");
    assert_eq!(api.post(&viewer, &path, json!({})).await.status, 403);
    // Refused for what it is, although it makes no sense either.
    assert_eq!(api.post(&viewer, "/api/v1/tasks", json!({ "nonsense": 1 })).await.status, 403);
    let request = api.request("POST", &path).header("X-API-Token", &operator).header("X-Request-Id", "mine");
    let done = api.hear(request.json(&json!({ "reason": "secret" }))).await;
    assert_eq!((done.status, done.header("x-request-id")), (200, "mine"), "{}", done.text);
    api.app.refusals().write().await.expect("written");
    let text = "{ auditLog(first: 100) { nodes { verdict way operation subject fields permissions requestId taskId } } }";
    let log = api.ask_with(&api.admin, text, json!({})).await;
    let records = log.data("auditLog")["nodes"].as_array().expect("records").clone();
    let by_rest: Vec<&Value> = records.iter().filter(|record| record["way"] == "REST").collect();
    let of = |subject: &str, operation: &str| {
        let mut found =
            by_rest.iter().filter(|one| one["subject"] == subject && one["operation"] == operation);
        found.next().unwrap_or_else(|| panic!("{subject} {operation}: {by_rest:?}"))
    };
    assert_eq!(of("viewer", "cancelTask")["verdict"], "REFUSED");
    assert_eq!(of("viewer", "createTask")["permissions"], json!(["tasker.task:create"]));
    let kept = of("operator", "cancelTask");
    assert_eq!(
        (&kept["verdict"], &kept["requestId"], &kept["taskId"]),
        (&json!("ALLOWED"), &json!("mine"), &json!(task))
    );
    assert_eq!(by_rest.len(), 3, "{by_rest:?}");
}
