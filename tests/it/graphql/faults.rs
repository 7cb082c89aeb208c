//! The form of an answer: the order of its fields, where null goes, and that a fault shows nothing of the inside.

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use super::setup::Service;
use crate::place::Place;

on_both_databases![
    fields_are_answered_in_the_order_they_are_asked_for,
    mutations_run_one_after_the_other_in_their_order,
    one_root_field_that_fails_leaves_the_others,
    null_goes_up_to_the_next_field_that_may_be_null,
    a_fault_shows_its_request_and_nothing_of_the_inside,
];

async fn fields_are_answered_in_the_order_they_are_asked_for(place: Place) {
    let service = Service::start(place).await;
    let task = service.run("unique", json!({})).await;
    let query = format!(
        "query ($yes: Boolean!) {{ z: __typename ...Rest a: task(taskId: \"{task}\") {{ status }} }}
         fragment Rest on Query {{
            a: task(taskId: \"{task}\") {{ name b: complete ... on Task {{ a: namespace }} name version @skip(if: $yes) }}
            m: __typename @include(if: $yes) }}"
    );
    let answer = service.ask(&query, json!({ "yes": true })).await;
    assert_eq!(
        answer.text,
        r#"{"data":{"z":"Query","a":{"name":"unique","b":true,"a":"default","status":"COMPLETE"},"m":"Query"}}"#
    );
}

async fn mutations_run_one_after_the_other_in_their_order(place: Place) {
    let service = Service::start(place).await;
    let task = service.run("later", json!({})).await;
    let query = "mutation ($task: ID!) {
        z: updateTask(input: { taskId: $task, reason: \"one\" }) { reason }
        y: cancelTask(input: { taskId: $task }) { reason status }
        x: deleteTask(input: { taskId: $task }) { status } }";
    let answer = service.ask(query, json!({ "task": task })).await;
    assert_eq!(
        answer.text,
        r#"{"data":{"z":{"reason":"one"},"y":{"reason":"one","status":"CANCELLED"},"x":{"status":"CANCELLED"}}}"#
    );
}

async fn one_root_field_that_fails_leaves_the_others(place: Place) {
    let service = Service::start(place).await;
    let answer = service.ask("{ wrong: task(taskId: \"7\") { name } tasks { name } }", json!({})).await;
    assert_eq!(answer.status.as_u16(), 200);
    let json = answer.json();
    assert_eq!(json["data"], json!({ "wrong": null, "tasks": [] }));
    assert_eq!(json["errors"][0]["path"], json!(["wrong"]));
    assert_eq!(json["errors"][0]["locations"], json!([{ "line": 1, "column": 3 }]));
    // A mutation's field can't be null, so there is no data at all; what ran before it has run.
    let query = "mutation { createTask(input: { name: \"later\" }) { name }
        cancelTask(input: { taskId: \"7\" }) { name } }";
    let answer = service.ask(query, json!({})).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["data"]), (200, &Value::Null));
    let count = service.data("{ taskConnection { totalCount } }", json!({})).await;
    assert_eq!(count["taskConnection"]["totalCount"], 1);
}

/// One of two tasks has tags that can't be read.
async fn broken(service: &Service) -> String {
    service.run("unique", json!({ "n": 1 })).await;
    let task = service.run("unique", json!({ "n": 2 })).await;
    let id = match task.replace('-', "") {
        hex if service.engine.database().file().is_some() => format!("x'{hex}'"),
        hex => format!("'{hex}'"),
    };
    let sql = format!("UPDATE tasker_tasks SET tags = '{{\"hidden\": 7}}' WHERE id = {id}");
    let done = service.engine.database().upkeep.execute_unprepared(&sql).await.expect("changed");
    assert_eq!(done.rows_affected(), 1);
    task
}

async fn null_goes_up_to_the_next_field_that_may_be_null(place: Place) {
    let service = Service::start(place).await;
    let task = broken(&service).await;
    let query = "query ($task: ID!) { eventCursor one: task(taskId: $task) { name tags } two: task(taskId: $task) { name } }";
    let answer = service.ask(query, json!({ "task": task })).await;
    let json = answer.json();
    assert_eq!((&json["data"]["one"], &json["data"]["two"]["name"]), (&Value::Null, &json!("unique")));
    assert_eq!(json["errors"][0]["path"], json!(["one", "tags"]));
    // No task of a list may be null, nor may the list. The path should go on to `tags`: the library ends it at the
    // place in the list.
    let answer = service.ask("{ eventCursor tasks(sortOrder: ASC) { tags } }", json!({})).await;
    let json = answer.json();
    assert_eq!((&json["data"], &json["errors"][0]["path"]), (&Value::Null, &json!(["tasks", 1])));
}

async fn a_fault_shows_its_request_and_nothing_of_the_inside(place: Place) {
    let service = Service::start(place).await;
    let task = broken(&service).await;
    let answer =
        service.ask("query ($task: ID!) { task(taskId: $task) { tags } }", json!({ "task": task })).await;
    let error = answer.json()["errors"][0].take();
    assert_eq!(error["message"], "Internal error");
    let request_id = answer.header("x-request-id");
    assert_eq!(error["extensions"], json!({ "code": "INTERNAL", "requestId": request_id }));
    assert!(!answer.text.contains("hidden"), "{}", answer.text);
    assert_eq!(answer.status.as_u16(), 500, "there is no other field that has a value");
}
