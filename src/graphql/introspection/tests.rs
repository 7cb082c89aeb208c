use async_graphql::Request;
use serde_json::Value;

use super::Views;
use crate::{
    auth::{Permission, Permissions},
    graphql::schema,
};

async fn asked(held: &[Permission], text: &str) -> Value {
    let views = Views::from_sdl(&schema::sdl()).expect("readable");
    let held: Permissions = held.iter().copied().collect();
    let view = views.of(held, true).expect("something to see");
    let answer = view.execute(Request::new(text)).await;
    assert!(answer.is_ok(), "{:?}", answer.errors);
    answer.data.into_json().expect("JSON")
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(|one| one["name"].as_str()).collect()
}

#[tokio::test]
async fn only_what_one_may_call_is_there() {
    let text = r#"{
        __schema { mutationType { name } subscriptionType { name } types { name } directives { name } }
        query: __type(name: "Query") { fields { name } }
        task: __type(name: "Task") { fields { name } }
        filter: __type(name: "TaskFilter") { inputFields { name } }
        hidden: __type(name: "CancelTaskInput") { name }
    }"#;
    let seen = asked(&[Permission::TaskIndex], text).await;
    assert_eq!(names(&seen["query"]["fields"]), ["tasks", "tasksByStatus", "taskConnection", "viewer"]);
    assert_eq!(seen["__schema"]["mutationType"], Value::Null);
    assert_eq!(seen["hidden"], Value::Null);
    let fields = names(&seen["task"]["fields"]);
    assert!(fields.contains(&"status") && !fields.contains(&"context") && !fields.contains(&"workflowSteps"));
    assert!(!names(&seen["filter"]["inputFields"]).contains(&"context"));
    let types = names(&seen["__schema"]["types"]);
    assert!(!types.iter().any(|name| name.ends_with("TaskInput") || *name == "WorkflowStep"), "{types:?}");
    assert!(!names(&seen["__schema"]["directives"]).contains(&"authorize"));
}

#[tokio::test]
async fn who_may_do_everything_sees_everything() {
    let text = include_str!("../document/introspection.graphql");
    let seen = asked(Permission::ALL, text).await;
    let types = &seen["__schema"]["types"];
    let sdl = schema::sdl();
    let named = |kind: &str| -> Vec<String> {
        sdl.lines()
            .filter_map(|line| line.strip_prefix(&format!("{kind} ")))
            .filter_map(|rest| rest.split([' ', '{']).next())
            .map(str::to_owned)
            .collect()
    };
    for name in ["type", "input", "enum", "scalar"].into_iter().flat_map(named) {
        assert!(names(types).contains(&&*name), "{name} is missing");
    }
    assert_eq!(seen["__schema"]["subscriptionType"]["name"], "Subscription");
}

#[test]
fn who_may_do_nothing_sees_nothing() {
    let views = Views::from_sdl(&schema::sdl()).expect("readable");
    assert!(views.of(Permissions::NONE, false).is_none());
}
