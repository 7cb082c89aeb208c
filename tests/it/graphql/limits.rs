//! What one request may ask for: each limit is named, and a document at the limit is answered.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{client::send, setup::Service};
use crate::place::Place;

on_both_databases![
    each_limit_of_a_document_is_named,
    what_is_just_within_a_limit_is_answered,
    limits_are_those_of_the_settings,
    a_size_in_a_variable_counts,
    a_body_that_is_too_large_is_413,
    introspection_is_answered_within_limits_of_its_own,
];

fn repeated(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut text, no| {
        let _ = write!(text, "{} ", item(no));
        text
    })
}

/// `levels` fields inside one another below `task`.
fn deep(levels: usize) -> String {
    let mut inner = "taskId".to_owned();
    for level in 0..levels - 2 {
        // No lists, which cost more than they are deep.
        let field = if level % 2 == 0 { "task" } else { "a: task" };
        inner = format!("{field} {{ {inner} }}");
    }
    format!("query ($id: ID!) {{ step(taskId: $id, stepId: $id) {{ {inner} }} }}")
}

fn below_task(selection: &str) -> String {
    format!("query ($id: ID!) {{ task(taskId: $id) {{ {selection} }} }}")
}

async fn ask(service: &Service, query: &str) -> Value {
    service.ask(query, json!({ "id": uuid::Uuid::now_v7() })).await.json()
}

async fn each_limit_of_a_document_is_named(place: Place) {
    let service = Service::start(place).await;
    for (limit, maximum, query) in [
        ("depth", 20, deep(21)),
        ("aliases", 100, below_task(&repeated(101, |no| format!("a{no}: name")))),
        ("root_fields", 20, format!("{{ {} }}", repeated(21, |no| format!("a{no}: eventCursor")))),
        ("directives", 50, below_task(&repeated(51, |_| "name @include(if: true)".into()))),
        ("nodes", 5_000, below_task(&repeated(5_000, |_| "name".into()))),
        ("tokens", 10_000, below_task(&repeated(10_000, |_| "name".into()))),
        ("complexity", 10_000, "{ tasks(limit: 100) { workflowSteps { events { name } } } }".into()),
        ("brackets", 64, format!("{{ a{}", "(b: [".repeat(40))),
        ("nesting", 32, format!("{{ {} eventCursor {} }}", "... {".repeat(32), "}".repeat(32))),
    ] {
        let answer = ask(&service, &query).await;
        let extensions = json!({ "code": "LIMIT_EXCEEDED", "limit": limit, "maximum": maximum });
        assert_eq!(answer["errors"][0]["extensions"], extensions);
        assert!(answer.get("data").is_none(), "{limit}");
    }
}

async fn what_is_just_within_a_limit_is_answered(place: Place) {
    let service = Service::start(place).await;
    for query in [
        below_task(&repeated(100, |no| format!("a{no}: name"))),
        format!("query ($id: ID!) {{ {} task(taskId: $id) {{ name }} }}", repeated(19, |no| format!("a{no}: eventCursor"))),
        below_task(&repeated(50, |_| "name @include(if: true)".into())),
        below_task(&repeated(4_998, |_| "name".into())),
        "query ($id: ID!) { tasks(limit: 100) { workflowSteps { name dependsOn } } task(taskId: $id) { name } }".into(),
    ] {
        let answer = ask(&service, &query).await;
        assert!(answer.get("errors").is_none(), "{answer}");
    }
}

async fn limits_are_those_of_the_settings(place: Place) {
    let service = Service::with(place, "graphql: { limits: { root_fields: 1, complexity: 30 } }").await;
    for (limit, query) in
        [("root_fields", "{ a: eventCursor b: eventCursor }"), ("complexity", "{ tasks { name status } }")]
    {
        assert_eq!(ask(&service, query).await["errors"][0]["extensions"]["limit"], limit);
    }
    assert!(service.data("{ tasks(limit: 10) { name status } }", json!({})).await["tasks"].is_array());
}

async fn a_size_in_a_variable_counts(place: Place) {
    let service = Service::start(place).await;
    let query = "query ($limit: Int = 3) { tasks(limit: $limit) { workflowSteps { events { name } } } }";
    assert!(service.data(query, json!({ "limit": 5 })).await["tasks"].is_array());
    assert!(service.data(query, json!({})).await["tasks"].is_array());
    let refused = service.error(query, json!({ "limit": 100 })).await;
    assert_eq!(refused["extensions"]["limit"], "complexity");
}

async fn a_body_that_is_too_large_is_413(place: Place) {
    let service = Service::start(place).await;
    let context = json!({ "text": "x".repeat(1 << 20) });
    let body = json!({ "query": "{ eventCursor }", "variables": context }).to_string();
    let answer = send(service.post().body(body)).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (413, "LIMIT_EXCEEDED"));
    let most =
        json!({ "query": "{ eventCursor }", "variables": { "text": "x".repeat(1_000_000) } }).to_string();
    assert_eq!(send(service.post().body(most)).await.status.as_u16(), 200);
}

async fn introspection_is_answered_within_limits_of_its_own(place: Place) {
    let service = Service::start(place).await;
    let types = service
        .data("{ __schema { types { name fields { name type { name ofType { name } } } } } }", json!({}));
    let types = types.await;
    let names: Vec<&str> = types["__schema"]["types"]
        .as_array()
        .expect("types")
        .iter()
        .filter_map(|one| one["name"].as_str())
        .collect();
    assert!(["Task", "WorkflowStep", "WorkflowEvent"].iter().all(|name| names.contains(name)));
    let circles = "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }";
    assert_eq!(ask(&service, circles).await["errors"][0]["extensions"]["code"], "LIMIT_EXCEEDED");
}
