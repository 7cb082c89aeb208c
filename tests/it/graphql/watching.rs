//! `taskUpdated`: a task now, at each change, until it is settled.

use serde_json::{Value, json};

use super::{
    setup::Service,
    sse::{Event, Events},
    ws::Socket,
};
use crate::{
    place::Place,
    script::{hangs, permanent},
};

on_both_databases![
    a_task_is_shown_now_and_until_it_is_settled,
    a_settled_task_is_shown_once,
    a_task_in_error_is_watched_on,
    a_task_that_is_removed_ends_the_stream,
    an_unknown_task_is_an_error,
];

const WATCH: &str = "subscription ($task: ID!) { taskUpdated(taskId: $task) {
    status completedSteps workflowSteps { name status results } } }";

async fn watch(service: &Service, task: &str) -> Events {
    Events::of(service, WATCH, json!({ "task": task }), None).await
}

async fn next(events: &mut Events) -> Value {
    events.data().await.0["taskUpdated"].take()
}

/// Everything until `complete`.
async fn rest(events: &mut Events) -> Vec<Value> {
    let mut all = Vec::new();
    loop {
        match events.next().await.expect("the stream is completed") {
            Event { name, data, .. } if name == "next" => {
                let mut answer: Value = serde_json::from_str(&data).expect("JSON");
                all.push(answer["data"]["taskUpdated"].take());
            }
            _ => return all,
        }
    }
}

async fn a_task_is_shown_now_and_until_it_is_settled(place: Place) {
    let service = Service::start(place).await;
    service.script("Pay", [hangs()]);
    let task = service.run("order", json!({ "id": 1 })).await;
    let mut events = watch(&service, &task).await;
    let now = next(&mut events).await;
    assert_eq!((&now["status"], &now["completedSteps"]), (&json!("IN_PROGRESS"), &json!(2)));
    service.let_go().await;
    let later = rest(&mut events).await;
    let last = later.last().expect("the end is shown");
    assert_eq!((&last["status"], &last["completedSteps"]), (&json!("COMPLETE"), &json!(4)));
    assert_eq!(last["workflowSteps"][1]["results"], json!({ "late": true }));
    let done: Vec<i64> = later.iter().map(|task| task["completedSteps"].as_i64().expect("a count")).collect();
    assert!(done.is_sorted(), "{done:?}");
    assert_eq!(events.next().await, None);
}

async fn a_settled_task_is_shown_once(place: Place) {
    let service = Service::start(place).await;
    let task = service.run("order", json!({ "id": 1 })).await;
    let all = rest(&mut watch(&service, &task).await).await;
    assert_eq!(all.len(), 1);
    assert_eq!(all[0]["status"], "COMPLETE");
}

async fn a_task_in_error_is_watched_on(place: Place) {
    let service = Service::start(place).await;
    service.script("Stock", [permanent("empty")]);
    let task = service.run("order", json!({ "id": 1 })).await;
    let mut events = watch(&service, &task).await;
    assert_eq!(next(&mut events).await["status"], "ERROR");
    service.mutate("retryTask", json!({ "taskId": task }), "{ status }").await;
    let later = rest(&mut events).await;
    assert_eq!(later.last().expect("the end is shown")["status"], "COMPLETE");
}

async fn a_task_that_is_removed_ends_the_stream(place: Place) {
    let service = Service::start(place).await;
    service.script("Stock", [permanent("empty")]);
    let task = service.run("order", json!({ "id": 1 })).await;
    let mut events = watch(&service, &task).await;
    assert_eq!(next(&mut events).await["status"], "ERROR");
    service.mutate("cancelTask", json!({ "taskId": task }), "{ status }").await;
    service.mutate("deleteTask", json!({ "taskId": task }), "{ status }").await;
    let later = rest(&mut events).await;
    assert!(later.iter().all(|task| task["status"] == "CANCELLED"), "{later:?}");
}

async fn an_unknown_task_is_an_error(place: Place) {
    let service = Service::start(place).await;
    let mut socket = Socket::connect(service.address).await;
    let unknown = uuid::Uuid::now_v7().to_string();
    for (task, code) in [(unknown.as_str(), "NOT_FOUND"), ("7", "BAD_USER_INPUT")] {
        socket.subscribe("1", WATCH, json!({ "task": task })).await;
        let message = socket.expect("next").await;
        assert_eq!(message["payload"]["errors"][0]["extensions"]["code"], code, "{message}");
        socket.expect("complete").await;
    }
}
