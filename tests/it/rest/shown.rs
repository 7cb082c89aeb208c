//! `/openapi.json` shows what its reader may use, and answers are as it says.

use jsonschema::Draft;
use serde_json::{Value, json};

use super::client::Api;
use crate::place::Place;

on_both_databases![
    a_reader_is_shown_what_it_may_use,
    the_setting_decides_who_is_shown_anything,
    answers_are_as_it_says,
];

/// What is committed.
fn committed() -> String {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    std::fs::read_to_string(file).expect("openapi.json")
}

/// Each operation, by its name.
fn operations(document: &Value) -> Vec<String> {
    let paths = document["paths"].as_object().expect("paths");
    let operations = paths.values().flat_map(|path| path.as_object().expect("methods").values());
    let mut names: Vec<String> =
        operations.map(|one| one["operationId"].as_str().expect("a name").to_owned()).collect();
    names.sort_unstable();
    names
}

async fn a_reader_is_shown_what_it_may_use(place: Place) {
    let api = Api::start(place).await;
    let viewer = api.get(&api.token("viewer").await, "/openapi.json").await;
    assert_eq!(operations(&viewer.json()), ["listEvents", "listTasks"]);
    for hidden in
        ["createTask", "CancelTask", "context_path", "payload", "tasker.task:show", "WorkflowStep.context"]
    {
        assert!(!viewer.text.contains(hidden), "{hidden}");
    }
    let operator = api.get(&api.token("operator").await, "/openapi.json").await;
    let expected = [
        "cancelTask",
        "createTask",
        "deleteTask",
        "getTask",
        "listEvents",
        "listTasks",
        "listWorkflowSteps",
        "retryWorkflowStep",
    ];
    assert_eq!(operations(&operator.json()), expected);
    assert_eq!(api.get("", "/openapi.json").await.status, 401);
    let admin = api.get(&api.admin, "/openapi.json").await;
    assert!(admin.text == committed(), "who may do everything is shown everything");
}

async fn the_setting_decides_who_is_shown_anything(place: Place) {
    let with = json!({ "graphql": { "introspection": "full" } });
    let api = Api::with(place, with).await;
    assert!(api.get("", "/openapi.json").await.text == committed());
    assert_eq!(api.get("tasker_nothing", "/openapi.json").await.status, 401);
    let none = Api::with(Place::sqlite(), json!({ "graphql": { "introspection": "none" } })).await;
    for token in ["", &none.admin] {
        let answer = none.get(token, "/openapi.json").await;
        assert_eq!((answer.status, &*answer.code()), (404, "NOT_FOUND"));
    }
}

async fn answers_are_as_it_says(place: Place) {
    let api = Api::start(place).await;
    let document: Value = serde_json::from_str(&committed()).expect("JSON");
    let task = api.paused(&api.admin, "shop").await;
    let done = api.create(&api.admin, "bank").await;
    api.settled(&api.admin, &done).await;
    let (path, step) = (format!("/api/v1/tasks/{task}"), api.step(&task).await);
    let step = format!("{path}/workflow_steps/{step}");
    let body = Some(json!({ "name": "order", "namespace": "shop" }));
    for (method, path, template, body) in [
        ("GET", "/api/v1/tasks".to_owned(), "/api/v1/tasks", None),
        ("GET", "/api/v1/tasks?offset=0".to_owned(), "/api/v1/tasks", None),
        (
            "GET",
            "/api/v1/tasks?limit=5&include=context,steps,events,template".to_owned(),
            "/api/v1/tasks",
            None,
        ),
        ("POST", "/api/v1/tasks".to_owned(), "/api/v1/tasks", body.clone()),
        (
            "GET",
            format!("/api/v1/tasks/{done}?include=steps,events,template,analysis"),
            "/api/v1/tasks/{task_id}",
            None,
        ),
        (
            "GET",
            format!("{path}/workflow_steps?include=inputs,results,error,events"),
            "/api/v1/tasks/{task_id}/workflow_steps",
            None,
        ),
        ("GET", step.clone(), "/api/v1/tasks/{task_id}/workflow_steps/{step_id}", None),
        ("GET", "/api/v1/events?include=payload&limit=100".to_owned(), "/api/v1/events", None),
        ("GET", "/api/v1/handlers".to_owned(), "/api/v1/handlers", None),
        ("GET", "/api/v1/handlers/shop".to_owned(), "/api/v1/handlers/{namespace}", None),
        ("GET", "/api/v1/handlers/shop/order".to_owned(), "/api/v1/handlers/{namespace}/{name}", None),
        ("GET", format!("{path}/diagram?format=json"), "/api/v1/tasks/{task_id}/diagram", None),
        ("PATCH", path.clone(), "/api/v1/tasks/{task_id}", Some(json!({ "reason": "x" }))),
        ("POST", format!("{path}/cancel"), "/api/v1/tasks/{task_id}/cancel", Some(json!({}))),
        ("GET", "/api/v1/tasks?limit=0".to_owned(), "/api/v1/tasks", None),
        ("GET", "/api/v1/tasks/no".to_owned(), "/api/v1/tasks/{task_id}", None),
    ] {
        let answer = api.call(&api.admin, method, &path, body.as_ref()).await;
        let operation = &document["paths"][template][method.to_lowercase()];
        let mut said = &operation["responses"][answer.status.to_string()];
        if let Some(name) = said["$ref"].as_str() {
            said = document.pointer(name.trim_start_matches('#')).expect("a response");
        }
        let mut schema = said["content"]["application/json"]["schema"].clone();
        assert!(schema.is_object(), "{method} {path} is answered with {}: {}", answer.status, answer.text);
        schema["components"] = document["components"].clone();
        close(&mut schema);
        let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
        let validator = options.build(&schema).expect("a schema");
        let wrong: Vec<String> =
            validator.iter_errors(&answer.json()).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{method} {path}: {wrong:?}\n{}", answer.text);
    }
}

/// Nothing may be answered that is not in it. `details` says of itself that there may be more.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(entries) => {
            if entries.contains_key("properties") {
                entries.insert("additionalProperties".to_owned(), json!(false));
            }
            entries.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}
