//! `tasks` and `tasksByStatus`: which tasks, in which order.

use serde_json::{Value, json};

use super::{client::id, setup::Service};
use crate::{
    place::Place,
    script::{hangs, permanent},
};

on_both_databases![
    what_was_requested_last_comes_first,
    offset_and_limit_take_a_part,
    every_order_sorts_and_breaks_ties_by_id,
    every_filter_narrows,
    a_value_in_the_context_is_found,
    by_status_only_that_status,
    what_makes_no_sense_is_refused_in_words,
];

/// Six tasks: their ids by what they are called here, in the order they were created.
async fn six(service: &Service) -> Vec<(&'static str, String)> {
    service.script("Stock", [permanent("empty")]);
    service.script("Only", [hangs()]);
    let mut tasks = Vec::new();
    for (label, input) in [
        (
            "failed",
            json!({ "name": "order", "context": { "id": 1 }, "tags": ["a", "b"], "initiator": "ada" }),
        ),
        ("running", json!({ "name": "unique", "context": {}, "tags": ["a"], "sourceSystem": "till" })),
        (
            "done",
            json!({ "name": "order", "context": { "id": 2, "items": [{ "sku": "x" }] }, "priority": 9 }),
        ),
        ("old", json!({ "name": "loud", "requestedAt": "2020-02-02T02:02:02Z" })),
        ("later", json!({ "name": "later" })),
        ("archived", json!({ "name": "order", "namespace": "archive", "version": "1.9.0" })),
    ] {
        let created = service.mutate("createTask", input, "{ taskId }").await;
        tasks.push((label, id(&created["taskId"])));
        service.idle().await;
    }
    tasks
}

async fn labels(service: &Service, tasks: &[(&'static str, String)], arguments: &str) -> String {
    let found = service.data(&format!("{{ found: tasks{arguments} {{ taskId }} }}"), json!({})).await;
    named(tasks, &found["found"])
}

fn named(tasks: &[(&'static str, String)], found: &Value) -> String {
    let label = |task: &Value| tasks.iter().find(|(_, id)| task["taskId"] == *id).expect("one of them").0;
    found.as_array().expect("a list").iter().map(label).collect::<Vec<_>>().join(" ")
}

async fn what_was_requested_last_comes_first(place: Place) {
    let service = Service::start(place).await;
    let tasks = six(&service).await;
    assert_eq!(labels(&service, &tasks, "").await, "archived later done running failed old");
    service.let_go().await;
}

async fn offset_and_limit_take_a_part(place: Place) {
    let service = Service::start(place).await;
    let tasks = six(&service).await;
    assert_eq!(labels(&service, &tasks, "(limit: 2)").await, "archived later");
    assert_eq!(labels(&service, &tasks, "(limit: 2, offset: 3)").await, "running failed");
    assert_eq!(labels(&service, &tasks, "(offset: 6)").await, "");
    service.let_go().await;
}

async fn every_order_sorts_and_breaks_ties_by_id(place: Place) {
    let service = Service::start(place).await;
    let tasks = six(&service).await;
    for (sort, ascending, descending) in [
        ("REQUESTED_AT", "old failed running done later archived", "archived later done running failed old"),
        ("CREATED_AT", "failed running done old later archived", "archived later old done running failed"),
        ("COMPLETED_AT", "done old archived failed running later", "archived old done later running failed"),
        ("NAME", "later old failed done archived running", "running archived done failed old later"),
        ("STATUS", "later running done old archived failed", "failed archived old done running later"),
        ("PRIORITY", "running old later archived failed done", "done failed archived later old running"),
    ] {
        for (direction, expected) in [("ASC", ascending), ("DESC", descending)] {
            let arguments = format!("(sortBy: {sort}, sortOrder: {direction})");
            assert_eq!(labels(&service, &tasks, &arguments).await, expected, "{arguments}");
        }
    }
    service.let_go().await;
}

async fn every_filter_narrows(place: Place) {
    let service = Service::start(place).await;
    let tasks = six(&service).await;
    for (filter, expected) in [
        ("{}", "archived later done running failed old"),
        ("{ namespace: \"archive\" }", "archived"),
        ("{ name: \"order\" }", "archived done failed"),
        ("{ name: \"order\", version: \"1.9.0\" }", "archived"),
        ("{ statuses: [ERROR, PENDING] }", "later failed"),
        ("{ statuses: [] }", ""),
        ("{ tags: [\"a\"] }", "running failed"),
        ("{ tags: [\"b\", \"a\"] }", "failed"),
        ("{ initiator: \"ada\" }", "failed"),
        ("{ sourceSystem: \"till\" }", "running"),
        ("{ requestedBefore: \"2020-02-02T02:02:02Z\" }", ""),
        ("{ requestedBefore: \"2021-01-01T00:00:00+02:00\" }", "old"),
        ("{ requestedAfter: \"2020-02-02T02:02:02Z\", name: \"loud\" }", "old"),
        ("{ name: \"' OR 1=1 --\" }", ""),
        ("{ name: null, namespace: \"default\", statuses: [COMPLETE] }", "done old"),
    ] {
        assert_eq!(labels(&service, &tasks, &format!("(filter: {filter})")).await, expected, "{filter}");
    }
    service.let_go().await;
}

async fn a_value_in_the_context_is_found(place: Place) {
    let service = Service::start(place).await;
    let tasks = six(&service).await;
    for (path, equals, expected) in [
        ("id", "2", "done"),
        ("id", "2.0", "done"),
        ("id", "\"2\"", ""),
        ("items.0.sku", "\"x\"", "done"),
        ("/items/0/sku", "\"x\"", "done"),
        ("items.00.sku", "\"x\"", ""),
        ("nothing", "true", ""),
    ] {
        let filter = format!("(filter: {{ context: {{ path: \"{path}\", equals: {equals} }} }})");
        assert_eq!(labels(&service, &tasks, &filter).await, expected, "{filter}");
    }
    service.let_go().await;
}

async fn by_status_only_that_status(place: Place) {
    let service = Service::start(place).await;
    let tasks = six(&service).await;
    for (arguments, expected) in [
        ("status: COMPLETE", "archived done old"),
        ("status: COMPLETE, sortBy: CREATED_AT, sortOrder: ASC, offset: 1, limit: 1", "old"),
        ("status: COMPLETE, filter: { name: \"order\" }", "archived done"),
        ("status: ERROR, filter: { statuses: [COMPLETE] }", ""),
        ("status: IN_PROGRESS", "running"),
        ("status: CANCELLED", ""),
    ] {
        let query = format!("{{ found: tasksByStatus({arguments}) {{ taskId }} }}");
        let found = service.data(&query, json!({})).await;
        assert_eq!(named(&tasks, &found["found"]), expected, "{arguments}");
    }
    service.let_go().await;
}

async fn what_makes_no_sense_is_refused_in_words(place: Place) {
    let service = Service::start(place).await;
    for (arguments, message) in [
        ("limit: 0", "limit must be from 1 to 100; it is 0"),
        ("limit: 101", "limit must be from 1 to 100; it is 101"),
        ("offset: -1", "offset must be from 0 to 10000; it is -1"),
        ("offset: 10001", "offset must be from 0 to 10000; it is 10001"),
        ("filter: { name: \"a\\u0000\" }", "name contains the character U+0000, which no stored text has"),
        ("filter: { context: { path: \"\", equals: 1 } }", "context.path must have from 1 to 20 keys"),
        (
            "filter: { context: { path: \"a\", equals: [] } }",
            "context.equals must be a text, a number or a truth value",
        ),
    ] {
        let error = service.error(&format!("{{ tasks({arguments}) {{ name }} }}"), json!({})).await;
        assert_eq!(
            (&error["message"], &error["extensions"]["code"]),
            (&json!(message), &json!("BAD_USER_INPUT"))
        );
    }
}
