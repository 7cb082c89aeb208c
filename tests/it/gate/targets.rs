//! The stored task decides, never what an argument claims; foreign is the same as unknown.

use serde_json::json;

use super::service::Service;
use crate::place::Place;

on_both_databases![
    a_foreign_task_answers_like_an_unknown_one,
    one_target_out_of_reach_refuses_the_whole_operation,
    creating_needs_the_permission_in_the_namespace_asked_for,
    deny_wins_over_a_permission_for_everything,
];

const UNKNOWN: &str = "0197f1a0-0000-7000-8000-000000000000";

async fn a_foreign_task_answers_like_an_unknown_one(place: Place) {
    let service = Service::start(place).await;
    let (admin, teller) = (service.token("admin").await, service.token("teller").await);
    let foreign = service.create(&admin, "shop").await;
    for text in [
        "query ($id: ID!) { task(taskId: $id) { taskId } }",
        "mutation ($id: ID!) { cancelTask(input: {taskId: $id}) { taskId } }",
        "mutation ($id: ID!) { a: deleteTask(input: {taskId: $id}) { taskId context } }",
    ] {
        let one = service.ask_with(&teller, text, json!({ "id": foreign })).await;
        let other = service.ask_with(&teller, text, json!({ "id": UNKNOWN })).await;
        assert_eq!(one.status, other.status);
        assert_eq!(one.body.to_string().replace(&foreign, UNKNOWN), other.body.to_string(), "{text}");
        assert_ne!(one.code(), "FORBIDDEN", "{}", one.body);
    }
    assert_eq!(service.settled(&admin, &foreign).await, "COMPLETE");
}

/// B17: of several targets none is touched where one is out of reach.
async fn one_target_out_of_reach_refuses_the_whole_operation(place: Place) {
    let service = Service::start(place).await;
    let (admin, operator) = (service.token("admin").await, service.token("operator").await);
    let (own, foreign) = (service.create(&admin, "shop").await, service.create(&admin, "bank").await);
    service.settled(&admin, &own).await;
    service.settled(&admin, &foreign).await;
    let text = "mutation ($own: ID!, $foreign: ID = \"x\") {
        a: deleteTask(input: {taskId: $own}) { taskId }
        b: deleteTask(input: {taskId: $foreign}) { taskId } }";
    let both = json!({ "own": own, "foreign": foreign });
    // It may show the tasks of the bank, so it is told why.
    let answer = service.ask_with(&operator, text, both).await;
    assert_eq!((answer.status, answer.code()), (403, "FORBIDDEN"), "{}", answer.body);
    assert_eq!(answer.missing(), ["tasker.task:destroy"]);
    let unknown = json!({ "own": own, "foreign": UNKNOWN });
    assert_eq!(service.ask_with(&operator, text, unknown).await.code(), "NOT_FOUND");
    assert_eq!(service.settled(&operator, &own).await, "COMPLETE", "nothing was deleted");
    let step = "mutation ($t: ID!) { retryStep(input: {taskId: $t, stepId: $t}) { name } }";
    assert_eq!(service.ask_with(&operator, step, json!({ "t": foreign })).await.code(), "FORBIDDEN");
}

async fn creating_needs_the_permission_in_the_namespace_asked_for(place: Place) {
    let service = Service::start(place).await;
    let (admin, operator) = (service.token("admin").await, service.token("operator").await);
    service.create(&operator, "shop").await;
    let text = "mutation ($n: String) { createTask(input: {name: \"order\", namespace: $n}) { taskId } }";
    for namespace in [json!("bank"), json!(null), json!("Shop"), json!("shop "), json!("*")] {
        let answer = service.ask_with(&operator, text, json!({ "n": namespace })).await;
        assert_eq!(answer.missing(), ["tasker.task:create"], "{namespace}: {}", answer.body);
    }
    let bulk = "mutation ($tasks: [CreateTaskInput!]!) { createTasks(input: {tasks: $tasks}) { taskId } }";
    let tasks = json!([{ "name": "order", "namespace": "shop" }, { "name": "order", "namespace": "bank" }]);
    let answer = service.ask_with(&operator, bulk, json!({ "tasks": tasks })).await;
    assert_eq!(answer.code(), "FORBIDDEN", "{}", answer.body);
    let count = service.ask(&admin, "{ taskConnection { totalCount } }").await;
    assert_eq!(count.data("taskConnection")["totalCount"], 1);
}

async fn deny_wins_over_a_permission_for_everything(place: Place) {
    let service = Service::start(place).await;
    let (admin, shutout) = (service.token("admin").await, service.token("shutout").await);
    let (here, there) = (service.create(&admin, "shop").await, service.create(&admin, "bank").await);
    let seen = service.ask(&shutout, "{ tasks { taskId } }").await;
    assert_eq!(seen.data("tasks"), &json!([{ "taskId": here }]));
    let text = "query ($id: ID!) { task(taskId: $id) { taskId } }";
    assert_eq!(service.ask_with(&shutout, text, json!({ "id": there })).await.data("task"), &json!(null));
}
