//! Permitted whole or not at all, and the refusal names everything that is missing.

use serde_json::{Value, json};

use super::service::Service;
use crate::place::Place;

on_both_databases![
    a_forbidden_operation_changes_nothing_however_it_is_written,
    every_missing_permission_is_named_at_once,
    who_shows_nothing_is_asked_to_sign_in,
    names_of_operations_mean_nothing,
    metrics_are_for_who_may_see_them,
];

async fn a_forbidden_operation_changes_nothing_however_it_is_written(place: Place) {
    let service = Service::start(place).await;
    let (viewer, admin) = (service.token("viewer").await, service.token("admin").await);
    let task = service.create(&admin, "shop").await;
    assert_eq!(service.settled(&admin, &task).await, "COMPLETE");
    let delete = format!("deleteTask(input: {{taskId: \"{task}\"}}) {{ taskId }}");
    for text in [
        format!("mutation {{ {delete} }}"),
        format!("mutation {{ x: {delete} }}"),
        format!("mutation {{ __typename ...F }} fragment F on Mutation {{ ... {{ {delete} }} }}"),
        format!("mutation tasks {{ {} }}", delete.replace(") {", ") @skip(if: true) {")),
        format!(
            "mutation {{ createTask(input: {{name: \"order\", namespace: \"shop\"}}) {{ taskId }} y: {delete} }}"
        ),
    ] {
        let answer = service.ask(&viewer, &text).await;
        assert_eq!((answer.status, answer.code()), (403, "FORBIDDEN"), "{text}: {}", answer.body);
        assert!(answer.body.get("data").is_none(), "{}", answer.body);
    }
    let tasks = service.ask(&viewer, "{ taskConnection { totalCount } }").await;
    assert_eq!(tasks.data("taskConnection")["totalCount"], 1);
}

async fn every_missing_permission_is_named_at_once(place: Place) {
    let service = Service::start(place).await;
    let viewer = service.token("viewer").await;
    let text = "{ tasks { context workflowSteps { results task { taskId } } } events { nodes { payload } } apiTokens { name } }";
    let answer = service.ask(&viewer, text).await;
    assert_eq!(
        answer.missing(),
        ["tasker.task:show", "tasker.workflow_step:show", "tasker.event:show", "tasker.api_token:index"]
    );
    let filtered = r#"{ tasks(filter: {context: {path: "ssn", equals: "1"}}) { taskId } }"#;
    assert_eq!(service.ask(&viewer, filtered).await.missing(), ["tasker.task:show"]);
}

async fn who_shows_nothing_is_asked_to_sign_in(place: Place) {
    let service = Service::start(place).await;
    let answer = service.ask("", "{ tasks { taskId } }").await;
    assert_eq!((answer.status, answer.code()), (401, "UNAUTHENTICATED"), "{}", answer.body);
    assert_eq!(answer.missing(), Vec::<&str>::new());
    assert_eq!(service.ask("", "{ __typename }").await.body["data"], json!({ "__typename": "Query" }));
    assert_eq!(service.ask("", "{ __schema { queryType { name } } }").await.code(), "UNAUTHENTICATED");
}

async fn names_of_operations_mean_nothing(place: Place) {
    let service = Service::start(place).await;
    let viewer = service.token("viewer").await;
    let answer = service.ask(&viewer, "query cancelTask { tasks { taskId } }").await;
    assert_eq!(answer.data("tasks"), &Value::Array(Vec::new()));
    let answer =
        service.ask(&viewer, "mutation tasks { createTask(input: {name: \"order\"}) { taskId } }").await;
    assert_eq!(answer.code(), "FORBIDDEN");
}

async fn metrics_are_for_who_may_see_them(place: Place) {
    let service = Service::start(place).await;
    let (admin, viewer) = (service.token("admin").await, service.token("viewer").await);
    let url = format!("http://{}/metrics", service.address);
    let ask = async |token: &str| {
        let mut request = reqwest::Client::new().get(&url);
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        request.send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(
        (ask("").await, ask("nothing").await, ask(&viewer).await, ask(&admin).await),
        (401, 401, 403, 200)
    );
}
