//! `events` and `eventCursor`: what happened, page by page.

use serde_json::{Value, json};

use super::setup::Service;
use crate::{
    place::Place,
    script::{ok, permanent, retry_after},
};

on_both_databases![
    every_fact_of_a_task_is_told_once_and_in_order,
    an_event_says_what_it_is_about,
    a_handlers_own_event_has_its_payload,
    every_filter_narrows,
    pages_follow_one_another_to_the_end,
    the_cursor_of_now_is_behind_everything,
];

async fn events(service: &Service, arguments: &str, selection: &str) -> Vec<Value> {
    let found = service.data(&format!("{{ events{arguments} {{ nodes {selection} }} }}"), json!({})).await;
    found["events"]["nodes"].as_array().expect("nodes").clone()
}

async fn names(service: &Service, arguments: &str) -> String {
    let events = events(service, arguments, "{ name }").await;
    events.iter().map(|event| event["name"].as_str().expect("a name")).collect::<Vec<_>>().join(" ")
}

async fn every_fact_of_a_task_is_told_once_and_in_order(place: Place) {
    let service = Service::start(place).await;
    service.script("Only", [permanent("broken")]);
    let task = service.run("unique", json!({})).await;
    service.mutate("retryTask", json!({ "taskId": task }), "{ status }").await;
    service.idle().await;
    let told = names(&service, &format!("(filter: {{ taskId: \"{task}\" }})")).await;
    assert_eq!(
        told,
        "task.created task.started step.started step.failed task.failed \
         task.retry_requested step.retry_requested step.started step.completed task.completed"
    );
    let own =
        service.task(&task, "{ events { cursor name } workflowSteps { events { cursor name } } }").await;
    let all = events(&service, "", "{ cursor name }").await;
    assert_eq!(own["events"], json!(all), "a task's own list is the log's");
    let of_step: Vec<&Value> = all
        .iter()
        .filter(|event| event["name"].as_str().is_some_and(|name| name.starts_with("step")))
        .collect();
    assert_eq!(own["workflowSteps"][0]["events"], json!(of_step));
}

async fn an_event_says_what_it_is_about(place: Place) {
    let service = Service::start(place).await;
    service.script("Pay", [retry_after("the bank sleeps", 3_000)]);
    let task = service.run("order", json!({ "id": 1 })).await;
    let step = service.step_id(&task, "pay").await;
    let selection = "{ id name category namespace taskId taskName stepId stepName attempt fromStatus toStatus
        actor payload occurredAt }";
    let mut failed = events(&service, "(filter: { names: [\"step.failed\"] })", selection).await.remove(0);
    let (occurred_at, id) = (failed["occurredAt"].take(), failed["id"].take());
    assert!(uuid::Uuid::parse_str(id.as_str().expect("an id")).is_ok());
    let mut payload = failed["payload"].take();
    let duration = payload["execution_duration"].take();
    assert!(duration.as_f64().is_some_and(|seconds| seconds >= 0.0), "{duration}");
    assert_eq!(
        failed,
        json!({
            "id": null, "occurredAt": null, "payload": null,
            "name": "step.failed", "category": "step", "namespace": "default",
            "taskId": task, "taskName": "order", "stepId": step, "stepName": "pay", "attempt": 1,
            "fromStatus": "IN_PROGRESS", "toStatus": "PENDING", "actor": null,
        })
    );
    assert_eq!(payload["timestamp"], occurred_at);
    for (key, value) in [
        ("task_id", json!(task)),
        ("step_name", json!("pay")),
        ("attempt_number", json!(1)),
        ("error_message", json!("the bank sleeps")),
        ("exception_class", json!("retryable")),
    ] {
        assert_eq!(payload[key], value, "{key}");
    }
}

async fn a_handlers_own_event_has_its_payload(place: Place) {
    let service = Service::start(place).await;
    let packed = ok(json!({})).publishing("parcel.packed", json!({ "weight": 1.25 }));
    service.script("Pack", [packed.completing_with(json!({ "tape": "brown" }))]);
    service.run("loud", json!({})).await;
    let selection = "{ category payload }";
    let packed = events(&service, "(filter: { names: [\"parcel.packed\"] })", selection).await.remove(0);
    assert_eq!((&packed["category"], &packed["payload"]["weight"]), (&json!("custom"), &json!(1.25)));
    let completed = events(&service, "(filter: { names: [\"step.completed\"] })", selection).await.remove(0);
    assert_eq!(completed["payload"]["tape"], "brown");
}

async fn every_filter_narrows(place: Place) {
    let service = Service::start(place).await;
    let order = service.run("order", json!({ "id": 1 })).await;
    let ship = service.step_id(&order, "ship").await;
    let input = json!({ "name": "order", "namespace": "archive" });
    service.mutate("createTask", input, "{ taskId }").await;
    service.idle().await;
    service.run("unique", json!({})).await;
    for (filter, count) in [
        ("{}".to_owned(), 11 + 5 + 5),
        ("{ namespace: \"archive\" }".into(), 5),
        ("{ taskName: \"order\" }".into(), 11 + 5),
        (format!("{{ taskId: \"{order}\" }}"), 11),
        (format!("{{ stepId: \"{ship}\" }}"), 2),
        (format!("{{ taskId: \"{order}\", stepId: \"{ship}\", names: [\"step.started\"] }}"), 1),
        ("{ names: [\"task.completed\", \"task.created\"] }".into(), 6),
        ("{ names: [] }".into(), 0),
        ("{ names: [\"nothing.such\"] }".into(), 0),
        ("{ taskName: \"order\", namespace: \"default\", names: null }".into(), 11),
    ] {
        let found = events(&service, &format!("(first: 100, filter: {filter})"), "{ name }").await;
        assert_eq!(found.len(), count, "{filter}: {found:?}");
    }
}

async fn pages_follow_one_another_to_the_end(place: Place) {
    let service = Service::start(place).await;
    service.run("order", json!({ "id": 1 })).await;
    let all = events(&service, "(first: 100)", "{ cursor }").await;
    let query = "query ($after: String) { events(first: 4, after: $after) { edges { cursor node { cursor } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";
    let (mut seen, mut after) = (Vec::new(), Value::Null);
    loop {
        let page = service.data(query, json!({ "after": after })).await["events"].take();
        let info = &page["pageInfo"];
        assert_eq!(info["hasPreviousPage"], !seen.is_empty());
        let edges = page["edges"].as_array().expect("edges");
        assert!(edges.iter().all(|edge| edge["cursor"] == edge["node"]["cursor"]));
        assert_eq!(info["startCursor"], edges[0]["cursor"]);
        seen.extend(edges.iter().map(|edge| edge["node"].clone()));
        after = info["endCursor"].clone();
        if info["hasNextPage"] == false {
            break;
        }
    }
    assert_eq!(seen, all);
}

async fn the_cursor_of_now_is_behind_everything(place: Place) {
    let service = Service::start(place).await;
    service.run("unique", json!({})).await;
    let cursor = service.data("{ eventCursor }", json!({})).await["eventCursor"].take();
    let after = format!("(after: {cursor})");
    assert_eq!(names(&service, &after).await, "");
    service.create("later", json!({})).await;
    assert_eq!(names(&service, &after).await, "task.created");
    let error = service.error("{ events(after: \"x\") { nodes { name } } }", json!({})).await;
    assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT");
}
