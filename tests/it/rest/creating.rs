//! A task that is created is where its answer says.

use serde_json::json;

use super::client::Api;
use crate::place::Place;

on_both_databases![
    a_task_is_where_its_location_says,
    a_key_in_a_header_is_the_key_of_the_body,
    what_is_only_tried_is_nowhere,
    a_task_is_changed_steered_and_removed,
];

async fn a_task_is_where_its_location_says(place: Place) {
    let api = Api::start(place).await;
    let body = json!({ "name": "order", "namespace": "shop", "context": { "a": [1, null] }, "tags": ["x"] });
    let made = api.post(&api.admin, "/api/v1/tasks", body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let task = made.json()["task"].clone();
    assert_eq!(made.header("location"), format!("/api/v1/tasks/{}", task["taskId"].as_str().expect("an id")));
    assert_eq!((&task["alreadyExisted"], &task["context"]), (&json!(false), &json!(null)), "no contents");
    let found = api.get(&api.admin, made.header("location")).await;
    assert_eq!((found.status, &found.json()["task"]["context"]), (200, &json!({ "a": [1, null] })));
    let head = api.call(&api.admin, "HEAD", made.header("location"), None).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
}

async fn a_key_in_a_header_is_the_key_of_the_body(place: Place) {
    let api = Api::start(place).await;
    let ask = async |key: &str, body: serde_json::Value| {
        let request = api.request("POST", "/api/v1/tasks").header("X-API-Token", &api.admin);
        api.hear(request.header("Idempotency-Key", key).json(&body)).await
    };
    let body = json!({ "name": "order", "namespace": "shop" });
    let first = ask("k", body.clone()).await;
    let again = ask("\"k\"", body.clone()).await;
    assert_eq!((first.status, again.status), (201, 200), "{}", again.text);
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(again.json()["task"]["alreadyExisted"], true);
    let other = ask("k", json!({ "name": "order", "namespace": "shop", "priority": 1 })).await;
    assert_eq!((other.status, &*other.code()), (409, "CONFLICT"));
    assert_eq!(other.json()["error"]["details"]["taskId"], first.json()["task"]["taskId"]);
    let mut two = body;
    two["idempotencyKey"] = json!("j");
    let two = ask("k", two).await;
    assert_eq!((two.status, &*two.code()), (400, "BAD_USER_INPUT"));
}

async fn what_is_only_tried_is_nowhere(place: Place) {
    let api = Api::start(place).await;
    let body = json!({ "name": "order", "namespace": "shop", "dryRun": true });
    let tried = api.post(&api.admin, "/api/v1/tasks", body).await;
    assert_eq!((tried.status, tried.header("location")), (200, ""), "{}", tried.text);
    assert_eq!(api.get(&api.admin, "/api/v1/tasks").await.json()["tasks"], json!([]));
}

async fn a_task_is_changed_steered_and_removed(place: Place) {
    let api = Api::start(place).await;
    let task = api.paused(&api.admin, "shop").await;
    let (path, step) = (format!("/api/v1/tasks/{task}"), api.step(&task).await);
    let resolve = json!({ "results": { "done": 1 }, "reason": "by hand" });
    let done =
        api.post(&api.admin, &format!("{path}/workflow_steps/{step}/resolve?include=results"), resolve).await;
    assert_eq!(done.json()["workflowStep"]["status"], "RESOLVED_MANUALLY", "{}", done.text);
    assert_eq!(done.json()["workflowStep"]["results"], json!({ "done": 1 }));
    let seen = api.get(&api.admin, &format!("{path}?include=steps,events,template,analysis")).await.json();
    assert_eq!(seen["task"]["workflowSteps"][0]["workflowStepId"], json!(step));
    assert_eq!(seen["task"]["namedTask"]["name"], "paused");
    assert_eq!(seen["task"]["dependencyAnalysis"]["remainingPath"]["length"], 0, "{seen}");
    assert!(seen["task"]["events"].as_array().is_some_and(|events| events.len() > 1));
    api.settled(&api.admin, &task).await;
    let gone = api.call(&api.admin, "DELETE", &format!("{path}?reason=old"), None).await;
    assert_eq!((gone.status, &gone.json()["task"]["taskId"]), (200, &json!(task)), "{}", gone.text);
    assert_eq!(api.get(&api.admin, &path).await.status, 404);
}
