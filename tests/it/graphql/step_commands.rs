//! The mutations of steps.

use serde_json::{Value, json};

use super::setup::Service;
use crate::{
    place::Place,
    script::{hangs, ok, permanent, retry, retry_after, seen},
};

on_both_databases![
    update_step_changes_its_limit_and_inputs,
    cancel_step_takes_along_what_can_no_longer_run,
    retry_step_brings_a_failed_step_to_its_end,
    an_operator_grants_one_attempt_to_a_step_that_is_not_retried,
    retry_step_does_now_what_is_scheduled_for_later,
    resolve_step_feeds_the_steps_behind_it,
    a_status_that_forbids_a_command_is_told,
    a_step_of_another_task_is_not_found,
];

async fn failed(service: &Service) -> (String, String) {
    service.script("Stock", [permanent("empty shelf")]);
    let task = service.run("order", json!({ "id": 1 })).await;
    let step = service.step_id(&task, "stock").await;
    (task, step)
}

async fn update_step_changes_its_limit_and_inputs(place: Place) {
    let service = Service::start(place).await;
    let (task, step) = failed(&service).await;
    let input = json!({ "taskId": task, "stepId": step, "retryLimit": 9, "inputs": { "shelf": 2 } });
    let updated = service.mutate("updateStep", input, "{ name retryLimit inputs task { context } }").await;
    let expected = json!({
        "name": "stock", "retryLimit": 9, "inputs": { "shelf": 2 }, "task": { "context": { "id": 1 } },
    });
    assert_eq!(updated, expected);
    let nothing = service.refused("updateStep", json!({ "taskId": task, "stepId": step })).await;
    assert_eq!(nothing["extensions"]["code"], "BAD_USER_INPUT");
    let none = json!({ "taskId": task, "stepId": step, "retryLimit": 0 });
    assert_eq!(service.refused("updateStep", none).await["extensions"]["code"], "BAD_USER_INPUT");
}

async fn cancel_step_takes_along_what_can_no_longer_run(place: Place) {
    let service = Service::start(place).await;
    let (task, step) = failed(&service).await;
    let input = json!({ "taskId": task, "stepId": step, "reason": "sold out" });
    let cancelled = service.mutate("cancelStep", input, "{ status task { status } }").await;
    assert_eq!(cancelled, json!({ "status": "CANCELLED", "task": { "status": "COMPLETE" } }));
    assert_eq!(
        service.statuses(&task).await,
        "fetch COMPLETE, pay COMPLETE, stock CANCELLED, ship CANCELLED, task COMPLETE"
    );
}

async fn retry_step_brings_a_failed_step_to_its_end(place: Place) {
    let service = Service::start(place).await;
    let (task, step) = failed(&service).await;
    let input = json!({ "taskId": task, "stepId": step, "additionalAttempts": 1 });
    let retried = service.mutate("retryStep", input, "{ workflowStepId retryLimit }").await;
    assert_eq!(retried, json!({ "workflowStepId": step, "retryLimit": 2 }));
    service.idle().await;
    let now = service.task(&task, "{ status workflowSteps { attempts error { message } } }").await;
    assert_eq!(now["status"], "COMPLETE");
    assert_eq!(now["workflowSteps"][2], json!({ "attempts": 2, "error": null }));
}

async fn an_operator_grants_one_attempt_to_a_step_that_is_not_retried(place: Place) {
    let service = Service::start(place).await;
    service.script("Stock", [retry("no answer"), retry("still none")]);
    let task = service.run("order", json!({ "id": 1 })).await;
    let step = service.step_id(&task, "stock").await;
    service.mutate("retryStep", json!({ "taskId": task, "stepId": step }), "{ status }").await;
    service.idle().await;
    let steps = service.task(&task, "{ workflowSteps { status attempts retryLimit } }").await;
    let expected = json!({ "status": "ERROR", "attempts": 2, "retryLimit": 2 });
    assert_eq!(steps["workflowSteps"][2], expected, "the template's limit is one, and so is what is granted");
}

async fn retry_step_does_now_what_is_scheduled_for_later(place: Place) {
    let service = Service::start(place).await;
    service.script("Pay", [retry_after("the bank sleeps", 3_000)]);
    let task = service.run("order", json!({ "id": 1 })).await;
    let step = service.step_id(&task, "pay").await;
    service.mutate("retryStep", json!({ "taskId": task, "stepId": step }), "{ status }").await;
    service.idle().await;
    assert_eq!(service.task(&task, "{ status }").await["status"], "COMPLETE");
}

async fn resolve_step_feeds_the_steps_behind_it(place: Place) {
    let service = Service::start(place).await;
    let (task, step) = failed(&service).await;
    service.script("Ship", [seen("stock", "found")]);
    let results = json!({ "found": ["behind the door"] });
    let input = json!({ "taskId": task, "stepId": step, "results": results, "reason": "looked myself" });
    let resolved = service.mutate("resolveStep", input, "{ status processed results }").await;
    assert_eq!(resolved, json!({ "status": "RESOLVED_MANUALLY", "processed": true, "results": results }));
    service.idle().await;
    let steps = service.task(&task, "{ status workflowSteps { results } }").await;
    assert_eq!(steps["workflowSteps"][3]["results"], json!({ "seen": ["behind the door"] }));
    assert_eq!(steps["status"], "COMPLETE");
}

async fn a_status_that_forbids_a_command_is_told(place: Place) {
    let service = Service::start(place).await;
    service.script("Fetch", [ok(json!({}))]);
    service.script("Pay", [hangs()]);
    let task = service.run("order", json!({ "id": 1 })).await;
    for (field, step, status) in [
        ("cancelStep", "fetch", "COMPLETE"),
        ("retryStep", "fetch", "COMPLETE"),
        ("resolveStep", "fetch", "COMPLETE"),
        ("updateStep", "fetch", "COMPLETE"),
        ("resolveStep", "pay", "IN_PROGRESS"),
        ("updateStep", "pay", "IN_PROGRESS"),
        ("retryStep", "pay", "IN_PROGRESS"),
        ("retryStep", "ship", "PENDING"),
    ] {
        let mut input = json!({ "taskId": task, "stepId": service.step_id(&task, step).await });
        if field == "updateStep" {
            input["retryLimit"] = json!(7);
        }
        let error = service.refused(field, input).await;
        assert_eq!(error["extensions"], json!({ "code": "CONFLICT", "status": status }), "{field} {step}");
    }
    service.let_go().await;
}

async fn a_step_of_another_task_is_not_found(place: Place) {
    let service = Service::start(place).await;
    let (task, step) = failed(&service).await;
    let other = service.run("later", json!({})).await;
    for field in ["updateStep", "cancelStep", "retryStep", "resolveStep"] {
        let mut input = json!({ "taskId": other, "stepId": step });
        if field == "updateStep" {
            input["retryLimit"] = json!(7);
        }
        assert_eq!(service.refused(field, input).await["extensions"]["code"], "NOT_FOUND", "{field}");
    }
    let query = "query ($task: ID!, $step: ID!) { step(taskId: $task, stepId: $step) { name } }";
    let found = service.data(query, json!({ "task": task, "step": step })).await;
    assert_eq!(found, json!({ "step": { "name": "stock" } }));
    let foreign = service.data(query, json!({ "task": other, "step": step })).await;
    assert_eq!(foreign, json!({ "step": Value::Null }));
}
