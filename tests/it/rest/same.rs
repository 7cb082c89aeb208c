//! Every route, for everybody: what GraphQL says of the same operation, under the status of its code.

use serde_json::{Value, json};

use super::client::Api;
use crate::place::Place;

on_both_databases![a_route_answers_everybody_as_graphql_does];

/// A route beside its operation. `{task}` and `{step}` stand for what each has of its own.
struct Pair {
    method: &'static str,
    path: &'static str,
    body: Option<Value>,
    graphql: &'static str,
}

fn pairs() -> Vec<Pair> {
    let pair = |method, path, body, graphql| Pair { method, path, body, graphql };
    let some = || Some(json!({ "reason": "because" }));
    vec![
        pair("GET", "/api/v1/tasks", None, "{ tasks { taskId } }"),
        pair("GET", "/api/v1/tasks?offset=1", None, "{ tasks(offset: 1) { taskId } }"),
        pair("GET", "/api/v1/tasks?include=context", None, "{ tasks { context } }"),
        pair(
            "GET",
            "/api/v1/tasks?context_path=a&context_equals=1",
            None,
            "{ tasks(filter: {context: {path: \"a\", equals: 1}}) { taskId } }",
        ),
        pair(
            "GET",
            "/api/v1/tasks?limit=5&include=analysis",
            None,
            "{ tasks(limit: 5) { dependencyAnalysis { blockers { step { name } } } } }",
        ),
        pair(
            "GET",
            "/api/v1/tasks?limit=5&include=steps,events,template",
            None,
            "{ tasks(limit: 5) { workflowSteps { name } events { name } namedTask { name } } }",
        ),
        pair(
            "POST",
            "/api/v1/tasks",
            Some(json!({ "name": "order", "namespace": "shop" })),
            "mutation { createTask(input: {name: \"order\", namespace: \"shop\"}) { taskId } }",
        ),
        pair(
            "POST",
            "/api/v1/tasks",
            Some(json!({ "name": "order" })),
            "mutation { createTask(input: {name: \"order\"}) { taskId } }",
        ),
        pair("GET", "/api/v1/tasks/{task}", None, "{ task(taskId: \"{task}\") { taskId } }"),
        pair(
            "PATCH",
            "/api/v1/tasks/{task}",
            some(),
            "mutation { updateTask(input: {taskId: \"{task}\", reason: \"because\"}) { taskId } }",
        ),
        pair(
            "DELETE",
            "/api/v1/tasks/{task}",
            None,
            "mutation { deleteTask(input: {taskId: \"{task}\"}) { taskId } }",
        ),
        pair(
            "POST",
            "/api/v1/tasks/{task}/cancel",
            some(),
            "mutation { cancelTask(input: {taskId: \"{task}\"}) { taskId } }",
        ),
        pair(
            "POST",
            "/api/v1/tasks/{task}/cancel?include=context",
            some(),
            "mutation { cancelTask(input: {taskId: \"{task}\"}) { context } }",
        ),
        pair(
            "POST",
            "/api/v1/tasks/{task}/retry",
            some(),
            "mutation { retryTask(input: {taskId: \"{task}\"}) { taskId } }",
        ),
        pair(
            "POST",
            "/api/v1/tasks/{task}/resolve",
            some(),
            "mutation { resolveTask(input: {taskId: \"{task}\"}) { taskId } }",
        ),
        pair(
            "GET",
            "/api/v1/tasks/{task}/workflow_steps",
            None,
            "{ task(taskId: \"{task}\") { workflowSteps { name } } }",
        ),
        pair(
            "GET",
            "/api/v1/tasks/{task}/workflow_steps/{step}",
            None,
            "{ step(taskId: \"{task}\", stepId: \"{step}\") { name } }",
        ),
        pair(
            "PATCH",
            "/api/v1/tasks/{task}/workflow_steps/{step}",
            Some(json!({ "retryLimit": 9 })),
            "mutation { updateStep(input: {taskId: \"{task}\", stepId: \"{step}\", retryLimit: 9}) { name } }",
        ),
        pair(
            "POST",
            "/api/v1/tasks/{task}/workflow_steps/{step}/cancel",
            some(),
            "mutation { cancelStep(input: {taskId: \"{task}\", stepId: \"{step}\"}) { name } }",
        ),
        pair(
            "POST",
            "/api/v1/tasks/{task}/workflow_steps/{step}/retry",
            some(),
            "mutation { retryStep(input: {taskId: \"{task}\", stepId: \"{step}\"}) { name } }",
        ),
        pair(
            "POST",
            "/api/v1/tasks/{task}/workflow_steps/{step}/resolve",
            some(),
            "mutation { resolveStep(input: {taskId: \"{task}\", stepId: \"{step}\"}) { name } }",
        ),
        pair("GET", "/api/v1/tasks/{task}/diagram", None, "{ taskDiagram(taskId: \"{task}\") { content } }"),
        pair("GET", "/api/v1/handlers", None, "{ namespaces { name } }"),
        pair("GET", "/api/v1/handlers/shop", None, "{ handlers(namespace: \"shop\") { name } }"),
        pair(
            "GET",
            "/api/v1/handlers/shop/order",
            None,
            "{ handler(namespace: \"shop\", name: \"order\") { template { name } } }",
        ),
        pair(
            "GET",
            "/api/v1/handlers/bank/paused",
            None,
            "{ handler(namespace: \"bank\", name: \"paused\") { name } }",
        ),
        pair("GET", "/api/v1/events", None, "{ events { nodes { name } } }"),
        pair(
            "GET",
            "/api/v1/events?include=payload&limit=1",
            None,
            "{ events(first: 1) { nodes { payload } } }",
        ),
    ]
}

/// The status that REST has for a code.
fn status_of(code: &str) -> u16 {
    match code {
        "UNAUTHENTICATED" => 401,
        "FORBIDDEN" => 403,
        "NOT_FOUND" => 404,
        "CONFLICT" => 409,
        other => panic!("nothing here is answered with {other}"),
    }
}

async fn a_route_answers_everybody_as_graphql_does(place: Place) {
    let api = Api::start(place).await;
    let mut people = vec![(String::from("nobody"), String::new())];
    for role in ["viewer", "operator", "teller", "shutout", "admin", "stranger"] {
        people.push((role.to_owned(), api.token(role).await));
    }
    let mut codes = std::collections::BTreeSet::new();
    for pair in pairs() {
        for (who, token) in &people {
            // Each has a task of its own, in the same state.
            let filled = async |text: &str| {
                if !text.contains("{task}") {
                    return text.to_owned();
                }
                let task = api.paused(&api.admin, "shop").await;
                let step = api.step(&task).await;
                text.replace("{task}", &task).replace("{step}", &step)
            };
            let told = api.ask_with(token, &filled(pair.graphql).await, json!({})).await;
            let said = api.call(token, pair.method, &filled(pair.path).await, pair.body.as_ref()).await;
            let case = format!("{} {} by {who}: {} beside {}", pair.method, pair.path, said.text, told.body);
            let nothing = told.body["data"].as_object().is_some_and(|data| data.values().all(Value::is_null));
            let code = match told.code() {
                "" if nothing => "NOT_FOUND",
                code => code,
            };
            assert_eq!(said.code(), code, "{case}");
            if code.is_empty() {
                assert!((200..=201).contains(&said.status), "{case}");
            } else {
                assert_eq!(said.status, status_of(code), "{case}");
                let missing = said.json()["error"]["details"]["missingPermissions"].clone();
                assert_eq!(missing.as_array().map_or(0, Vec::len), told.missing().len(), "{case}");
                assert_eq!(said.header("www-authenticate").is_empty(), code != "UNAUTHENTICATED", "{case}");
            }
            codes.insert(code.to_owned());
        }
    }
    let all = ["", "CONFLICT", "FORBIDDEN", "NOT_FOUND", "UNAUTHENTICATED"];
    assert!(codes.iter().eq(all), "every outcome was seen: {codes:?}");
}
