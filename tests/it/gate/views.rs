//! The schema as each may use it.

use serde_json::{Value, json};

use super::service::Service;
use crate::place::Place;

on_both_databases![each_sees_what_each_may_call, questions_about_the_schema_stand_alone];

const FIELDS: &str = "{ __schema { queryType { fields { name } } mutationType { fields { name } } } }";

fn names(list: &Value) -> Vec<&str> {
    list["fields"].as_array().into_iter().flatten().filter_map(|one| one["name"].as_str()).collect()
}

async fn each_sees_what_each_may_call(place: Place) {
    let service = Service::start(place).await;
    let (admin, viewer) = (service.token("admin").await, service.token("viewer").await);
    for _ in 0..3 {
        let seen = service.ask(&viewer, FIELDS).await;
        let schema = seen.data("__schema");
        assert_eq!(
            names(&schema["queryType"]),
            ["tasks", "tasksByStatus", "taskConnection", "events", "eventCursor", "viewer"]
        );
        assert_eq!(schema["mutationType"], Value::Null);
        let seen = service.ask(&admin, FIELDS).await;
        assert!(names(&seen.data("__schema")["mutationType"]).contains(&"cancelTask"));
    }
    let hidden = service.ask(&viewer, r#"{ __type(name: "CancelTaskInput") { name } }"#).await;
    assert_eq!(hidden.data("__type"), &Value::Null);
}

async fn questions_about_the_schema_stand_alone(place: Place) {
    let service = Service::start(place).await;
    let viewer = service.token("viewer").await;
    let mixed = service.ask(&viewer, "{ tasks { taskId } __schema { queryType { name } } }").await;
    assert_eq!(mixed.code(), "BAD_USER_INPUT", "{}", mixed.body);
    let typed = service.ask(&viewer, "{ __typename tasks { __typename } }").await;
    assert_eq!(typed.data("tasks"), &json!([]));
}
