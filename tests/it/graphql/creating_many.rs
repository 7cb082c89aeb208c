//! `createTasks`: all or none.

use serde_json::{Value, json};

use super::setup::Service;
use crate::place::Place;

on_both_databases![
    the_tasks_are_answered_in_the_order_they_were_asked_for,
    one_that_is_wrong_stops_them_all_and_is_named,
    a_key_that_was_used_before_is_answered_with_its_task,
    none_and_too_many_are_refused,
];

fn order(id: Value) -> Value {
    json!({ "name": "order", "context": { "id": id } })
}

async fn count(service: &Service) -> Value {
    service.data("{ taskConnection { totalCount } }", json!({})).await["taskConnection"]["totalCount"].take()
}

async fn the_tasks_are_answered_in_the_order_they_were_asked_for(place: Place) {
    let service = Service::start(place).await;
    let tasks: Vec<Value> = (0..50).map(|no| order(json!(no))).collect();
    let created =
        service.mutate("createTasks", json!({ "tasks": tasks }), "{ context alreadyExisted }").await;
    let expected: Vec<Value> =
        (0..50).map(|no| json!({ "context": { "id": no }, "alreadyExisted": false })).collect();
    assert_eq!(created, json!(expected));
    assert_eq!(count(&service).await, 50);
}

async fn one_that_is_wrong_stops_them_all_and_is_named(place: Place) {
    let service = Service::start(place).await;
    for (wrong, code, what) in [
        (order(json!("x")), "VALIDATION_FAILED", "tasks[1]: 1 violation(s) of the template's rules"),
        (json!({ "name": "ordre" }), "NOT_FOUND", "tasks[1]: there is no template default/ordre"),
        (json!({ "name": "order", "version": "one" }), "BAD_USER_INPUT", "tasks[1]: version \"one\""),
        (json!({ "name": "order", "delaySeconds": -1 }), "BAD_USER_INPUT", "delaySeconds must be from 0"),
    ] {
        let tasks = json!({ "tasks": [order(json!(1)), wrong, order(json!("y"))] });
        let error = service.refused("createTasks", tasks).await;
        assert_eq!(
            (&error["extensions"]["code"], &error["extensions"]["index"]),
            (&json!(code), &json!(1)),
            "{error}"
        );
        assert!(error["message"].as_str().expect("a text").starts_with(what), "{error}");
    }
    assert_eq!(count(&service).await, 0);
}

async fn a_key_that_was_used_before_is_answered_with_its_task(place: Place) {
    let service = Service::start(place).await;
    let keyed = |key: &str| json!({ "name": "unique", "context": { "k": key }, "idempotencyKey": key });
    let first = service.mutate("createTask", keyed("a"), "{ taskId }").await;
    let both = json!({ "tasks": [keyed("b"), keyed("a")] });
    let both = service.mutate("createTasks", both, "{ taskId alreadyExisted }").await;
    assert_eq!(both[0]["alreadyExisted"], false);
    assert_eq!(both[1], json!({ "taskId": first["taskId"], "alreadyExisted": true }));
    let twice = service.refused("createTasks", json!({ "tasks": [keyed("c"), keyed("c")] })).await;
    assert_eq!(twice["extensions"]["code"], "BAD_USER_INPUT");
}

async fn none_and_too_many_are_refused(place: Place) {
    let service = Service::with(place, "orchestration: { max_bulk_tasks: 2 }").await;
    for count in [0, 3] {
        let tasks = vec![order(json!(1)); count];
        let error = service.refused("createTasks", json!({ "tasks": tasks })).await;
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT");
        assert_eq!(error["message"], format!("tasks must have from 1 to 2 entries; it has {count}"));
    }
}
