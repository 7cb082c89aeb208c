//! `createTask`.

use serde_json::{Value, json};

use super::setup::Service;
use crate::place::Place;

on_both_databases![
    the_answer_shows_the_task_as_it_was_stored,
    everything_that_is_given_is_kept,
    a_key_finds_its_task_again_and_no_other_request_may_use_it,
    equal_requests_are_one_task_where_the_template_says_so,
    a_dry_run_shows_the_task_and_stores_nothing,
    bypassed_steps_are_settled_at_once,
    without_a_version_the_highest_is_taken,
    twenty_equal_requests_at_once_make_one_task,
];

async fn the_answer_shows_the_task_as_it_was_stored(place: Place) {
    let service = Service::start(place).await;
    let input = json!({ "name": "later" });
    let created =
        service.mutate("createTask", input, "{ taskId status alreadyExisted context totalSteps }").await;
    let read = service.task(created["taskId"].as_str().expect("an id"), "{ status alreadyExisted }").await;
    assert_eq!(read, json!({ "status": "PENDING", "alreadyExisted": null }));
    assert_eq!(
        (&created["status"], &created["alreadyExisted"], &created["context"], &created["totalSteps"]),
        (&json!("PENDING"), &json!(false), &json!({}), &json!(1))
    );
}

async fn everything_that_is_given_is_kept(place: Place) {
    let service = Service::start(place).await;
    let selection = "{ namespace name version context initiator sourceSystem reason tags bypassSteps priority
        idempotencyKey requestedAt }";
    let given = json!({
        "namespace": "default", "name": "order", "version": "1.2.0",
        "context": { "id": 7, "items": [1.5, null, "ß"], "nested": { "deep": { "true": false } } },
        "initiator": "ada", "sourceSystem": "till 3", "reason": "she asked", "tags": ["a", "b c"],
        "bypassSteps": ["fetch"], "priority": -4, "idempotencyKey": "k",
        "requestedAt": "2026-11-23T10:30:00.000001+01:00",
    });
    let mut created = service.mutate("createTask", given.clone(), selection).await;
    assert_eq!(created["requestedAt"].take(), "2026-11-23T09:30:00.000001Z");
    let mut expected = given;
    expected["requestedAt"] = Value::Null;
    assert_eq!(created, expected);
}

async fn a_key_finds_its_task_again_and_no_other_request_may_use_it(place: Place) {
    let service = Service::start(place).await;
    let input = |id: i64| json!({ "name": "order", "context": { "id": id }, "idempotencyKey": "k" });
    let selection = "{ taskId status alreadyExisted }";
    let first = service.mutate("createTask", input(1), selection).await;
    service.idle().await;
    let again = service.mutate("createTask", input(1), selection).await;
    assert_eq!(
        again,
        json!({ "taskId": first["taskId"], "status": "COMPLETE", "alreadyExisted": true }),
        "the first task, as it is now"
    );
    let other = service.refused("createTask", input(2)).await;
    assert_eq!(other["extensions"], json!({ "code": "CONFLICT", "taskId": first["taskId"] }));
    let elsewhere = json!({ "name": "order", "namespace": "archive", "idempotencyKey": "k" });
    let elsewhere = service.mutate("createTask", elsewhere, selection).await;
    assert_eq!(elsewhere["alreadyExisted"], false, "a key is its namespace's own");
}

async fn equal_requests_are_one_task_where_the_template_says_so(place: Place) {
    let service = Service::start(place).await;
    let selection = "{ taskId alreadyExisted identityHash }";
    let input = |context: Value, second: u32| {
        let requested_at = format!("2026-11-23T09:30:{second:02}Z");
        json!({ "name": "unique", "context": context, "requestedAt": requested_at })
    };
    let first = service.mutate("createTask", input(json!({ "a": 1, "b": 2 }), 0), selection).await;
    let same = service.mutate("createTask", input(json!({ "b": 2, "a": 1 }), 59), selection).await;
    let other = service.mutate("createTask", input(json!({ "a": 1, "b": 3 }), 0), selection).await;
    assert_eq!((&first["alreadyExisted"], &same["alreadyExisted"]), (&json!(false), &json!(true)));
    assert_eq!((&first["taskId"], &first["identityHash"]), (&same["taskId"], &same["identityHash"]));
    assert_eq!(first["identityHash"].as_str().map(str::len), Some(64));
    assert_eq!(other["alreadyExisted"], false);
}

async fn a_dry_run_shows_the_task_and_stores_nothing(place: Place) {
    let service = Service::start(place).await;
    let input = json!({ "name": "order", "context": { "id": 1 }, "dryRun": true, "bypassSteps": ["fetch"] });
    let selection = "{ taskId fullName status alreadyExisted workflowSteps { name status isRootStep } }";
    let dry = service.mutate("createTask", input, selection).await;
    assert_eq!(dry["fullName"], "default/order@1.2.0");
    assert_eq!(
        dry["workflowSteps"][0],
        json!({ "name": "fetch", "status": "RESOLVED_MANUALLY", "isRootStep": true })
    );
    assert_eq!(service.task(dry["taskId"].as_str().expect("an id"), "{ taskId }").await, Value::Null);
    let stored = service.data("{ tasks { taskId } events { nodes { name } } }", json!({})).await;
    assert_eq!(stored, json!({ "tasks": [], "events": { "nodes": [] } }));
    let wrong = json!({ "name": "order", "context": {}, "dryRun": true });
    assert_eq!(service.refused("createTask", wrong).await["extensions"]["code"], "VALIDATION_FAILED");
}

async fn bypassed_steps_are_settled_at_once(place: Place) {
    let service = Service::start(place).await;
    let input = json!({ "name": "order", "context": { "id": 1 }, "bypassSteps": ["fetch"] });
    let selection = "{ taskId bypassSteps workflowSteps { name results } }";
    let created = service.mutate("createTask", input, selection).await;
    assert_eq!(created["workflowSteps"][0], json!({ "name": "fetch", "results": { "bypassed": true } }));
    assert_eq!(created["bypassSteps"], json!(["fetch"]));
    service.idle().await;
    let statuses = service.statuses(created["taskId"].as_str().expect("an id")).await;
    assert_eq!(
        statuses,
        "fetch RESOLVED_MANUALLY, pay COMPLETE, stock COMPLETE, ship COMPLETE, task COMPLETE"
    );
}

async fn without_a_version_the_highest_is_taken(place: Place) {
    let service = Service::start(place).await;
    let version = async |version: Value| {
        let input = json!({ "name": "order", "namespace": "archive", "version": version });
        service.mutate("createTask", input, "{ version }").await["version"].take()
    };
    assert_eq!(version(Value::Null).await, "1.10.0");
    assert_eq!(version(json!("1.9.0")).await, "1.9.0");
}

async fn twenty_equal_requests_at_once_make_one_task(place: Place) {
    let service = Service::start(place).await;
    let input = json!({ "name": "order", "context": { "id": 1 }, "idempotencyKey": "k" });
    let ask = || service.mutate("createTask", input.clone(), "{ taskId alreadyExisted }");
    let answers = futures_util::future::join_all((0..20).map(|_| ask())).await;
    assert!(answers.iter().all(|answer| answer["taskId"] == answers[0]["taskId"]));
    assert_eq!(answers.iter().filter(|answer| answer["alreadyExisted"] == false).count(), 1);
}
