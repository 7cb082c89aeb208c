//! The catalogue, custom events from outside, and what becomes of those that nobody declares.

use serde_json::{Value, json};

use super::setup::Service;
use crate::{place::Place, script::ok};

on_both_databases![
    the_catalogue_is_searched,
    an_event_is_looked_up_by_its_name,
    an_event_is_published_and_heard_of,
    an_undeclared_event_is_the_tasks_error,
];

async fn names(service: &Service, arguments: &str) -> Vec<String> {
    let found = service.data(&format!("{{ eventCatalog{arguments} {{ name }} }}"), json!({})).await;
    let all = found["eventCatalog"].as_array().expect("a list").iter();
    all.map(|event| event["name"].as_str().expect("a name").to_owned()).collect()
}

async fn the_catalogue_is_searched(place: Place) {
    let service = Service::start(place).await;
    let all = names(&service, "").await;
    assert_eq!((all.len(), all[0].as_str(), all[24].as_str()), (25, "task.created", "parcel.packed"));
    assert_eq!(names(&service, "(custom: true)").await, ["parcel.packed"]);
    assert_eq!(names(&service, "(prefix: \"parcel\")").await, ["parcel.packed"]);
    assert_eq!(names(&service, "(search: \"in a BOX\")").await, ["parcel.packed"]);
    let steps = names(&service, "(category: \"step\", search: \"worker\")").await;
    assert_eq!(steps, ["step.awaiting_worker"]);
    assert!(names(&service, "(category: \"TASK\", custom: true)").await.is_empty());
    let error = service.error("{ eventCatalog(category: \"steps\") { name } }", json!({})).await;
    assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT");
    assert!(error["message"].as_str().is_some_and(|text| text.contains("there are task, step,")), "{error}");
}

async fn an_event_is_looked_up_by_its_name(place: Place) {
    let service = Service::start(place).await;
    let text = "query ($name: String!) { eventInfo(name: $name) {
        name category description payloadSchema examplePayload firedBy durable custom } }";
    let info = async |name: &str| service.data(text, json!({ "name": name })).await["eventInfo"].take();
    let completed = info("task.completed").await;
    assert_eq!((&completed["category"], &completed["durable"]), (&json!("task"), &json!(true)));
    let schema = &completed["payloadSchema"];
    assert_eq!(schema["properties"]["execution_duration"]["type"], "number");
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(completed["examplePayload"]["total_steps"], 4);
    assert_eq!(info("workflow.task_finalized").await["durable"], false);
    let custom = info("parcel.packed").await;
    assert_eq!(custom["firedBy"], json!(["template default/loud@0.1.0"]));
    assert_eq!((&custom["custom"], &custom["description"]), (&json!(true), &json!("It is in a box")));
    assert_eq!(info("nobody.knows").await, Value::Null);
}

async fn an_event_is_published_and_heard_of(place: Place) {
    let service = Service::start(place).await;
    let task = service.run("loud", json!({})).await;
    let input =
        json!({ "taskId": task, "name": "parcel.packed", "payload": { "weight": 3, "task_id": "x" } });
    let selection = "{ cursor name category taskId stepId payload }";
    let told = service.mutate("publishEvent", input, selection).await;
    assert_eq!((&told["name"], &told["category"]), (&json!("parcel.packed"), &json!("custom")));
    assert_eq!((&told["payload"]["weight"], &told["payload"]["task_id"]), (&json!(3), &json!(task)));
    let log = "{ events(filter: {names: [\"parcel.packed\"]}) { nodes { cursor name category taskId stepId payload } } }";
    let log = service.data(log, json!({})).await;
    assert_eq!(log["events"]["nodes"], json!([told]));
    let bare = json!({ "taskId": task, "name": "parcel.packed" });
    service.mutate("publishEvent", bare, "{ name }").await;
    for (input, code) in [
        (json!({ "taskId": task, "name": "parcel.lost" }), "BAD_USER_INPUT"),
        (json!({ "taskId": task, "name": "task.completed" }), "BAD_USER_INPUT"),
        (json!({ "taskId": "x", "name": "parcel.packed" }), "BAD_USER_INPUT"),
        (json!({ "taskId": uuid::Uuid::now_v7(), "name": "parcel.packed" }), "NOT_FOUND"),
    ] {
        let error = service.refused("publishEvent", input.clone()).await;
        assert_eq!(error["extensions"]["code"], code, "{input}: {error}");
    }
}

async fn an_undeclared_event_is_the_tasks_error(place: Place) {
    let service = Service::start(place).await;
    service.script("Pack", [ok(json!({})).publishing("parcel.lost", json!({}))]);
    let task = service.run("loud", json!({})).await;
    let seen = service.task(&task, "{ status workflowSteps { error { kind code message } } }").await;
    assert_eq!(seen["status"], "ERROR");
    let error = &seen["workflowSteps"][0]["error"];
    assert_eq!((&error["kind"], &error["code"]), (&json!("permanent"), &json!("UNDECLARED_EVENT")));
    let message = error["message"].as_str().expect("a text");
    assert!(message.starts_with("event parcel.lost is not declared: name it in"), "{message}");
}
