//! C: what the schema shows of itself, and to whom.

use std::sync::Arc;

use serde_json::{Value, json};

use super::ground::Ground;
use crate::{graphql::ws::Socket, place::Place};

on_both_databases![
    a_view_holds_nothing_that_is_hidden,
    mistakes_are_answered_without_hints,
    where_questions_are_off_they_are_off_on_every_way,
    names_that_look_like_questions_are_names,
    an_answer_is_never_anothers,
];

const WHOLE: &str = include_str!("../../../src/graphql/document/introspection.graphql");

/// C01, C02, C10: in the whole standard answer, descriptions included. C08: nor does any page show more.
async fn a_view_holds_nothing_that_is_hidden(place: Place) {
    let ground = Ground::new(place).await;
    let (viewer, operator) = (ground.token("viewer").await, ground.token("operator").await);
    let seen = ground.ask(&viewer, WHOLE).await;
    assert!(seen.data()["__schema"]["types"].as_array().is_some_and(|types| types.len() > 10));
    for hidden in [
        "cancelTask",
        "CancelTaskInput",
        "createTask",
        "issueApiToken",
        "ApiToken",
        "taskUpdated",
        "retryStep",
        "NamedTask",
        "tasker.task",
        "tasker.api_token",
        "StepError",
        "TaskContextFilter",
        "\"context\"",
        "\"payload\"",
    ] {
        assert!(!seen.text.contains(hidden), "{hidden}");
    }
    let seen = ground.ask(&operator, WHOLE).await;
    assert!(seen.text.contains("\"cancelTask\"") && seen.text.contains("\"context\""));
    assert!(!seen.text.contains("\"retryTask\"") && !seen.text.contains("RetryTaskInput"));
    for name in ["CancelTaskInput", "Mutation", "ApiToken", "NamedTask", "Nothing"] {
        let text = format!("{{ __type(name: \"{name}\") {{ name }} }}");
        assert_eq!(ground.ask(&viewer, &text).await.data(), &json!({ "__type": null }), "{name}");
    }
    ground.denied("", WHOLE, &[]).await;
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    for path in [
        "/graphiql",
        "/",
        "/schema.graphql",
        "/graphql/schema",
        "/health/live",
        "/metrics",
        "/mcp",
        "/openapi.json",
        "/api/v1",
    ] {
        let url = format!("http://{}{path}", ground.service.address);
        let page = http.get(url).send().await.expect("an answer").text().await.expect("a text");
        assert!(!page.contains("CancelTaskInput") && !page.contains("issueApiToken"), "{path}");
    }
}

/// C03, C05: nothing is suggested. C04: what is forbidden is named, what is not there is not; neither says more.
async fn mistakes_are_answered_without_hints(place: Place) {
    let ground = Ground::new(place).await;
    let viewer = ground.token("viewer").await;
    for text in [
        "{ taks { taskId } }",
        "{ task5 { taskId } }",
        "{ tasks { contex } }",
        "{ tasks { workflowStep { name } } }",
        "mutation { cancelTas(input: {}) { taskId } }",
        "{ tasks(limt: 3) { taskId } }",
        "{ tasks(filter: {contxt: 1}) { taskId } }",
        "{ tasks(sortBy: PRIORTY) { taskId } }",
        "{ tasks { ... on Tas { taskId } } }",
        "query ($f: TaskFilte) { tasks(filter: $f) { taskId } }",
        "subscription { workflowEvent { name } }",
    ] {
        let body = json!({ "query": text });
        let answer = Ground::hear(ground.post(&viewer).json(&body)).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
        let said = answer.body["errors"].to_string();
        let hints =
            ["Did you mean", "did you mean", "tasks", "context", "workflowSteps", "cancelTask", "PRIORITY"];
        for hint in hints.into_iter().filter(|hint| !text.contains(hint)) {
            assert!(!said.contains(hint), "{text}: {said}");
        }
    }
    let unknown = ground.ask(&viewer, "mutation { nonsense }").await;
    assert_eq!((unknown.status, unknown.code()), (400, "GRAPHQL_VALIDATION_FAILED"));
}

/// C06: by POST, GET, stream and socket.
async fn where_questions_are_off_they_are_off_on_every_way(place: Place) {
    let graphql = json!({ "introspection": "none", "get_queries": true });
    let ground = Ground::with(place, json!({ "graphql": graphql })).await;
    let admin = &ground.admin;
    for text in [
        "{ __schema { queryType { name } } }",
        "{ __type(name: \"Task\") { name } }",
        "{ ...F } fragment F on Query { ... { x: __schema { types { name } } } }",
        "{ tasks { taskId } __schema @skip(if: true) { types { name } } }",
        "mutation { __schema { queryType { name } } }",
    ] {
        ground.denied(admin, text, &[]).await;
        if text.starts_with('{') {
            let url = reqwest::Url::parse_with_params(
                &format!("http://{}/graphql", ground.service.address),
                [("query", text)],
            );
            let http = reqwest::Client::builder().no_proxy().build().expect("a client");
            let get = http.get(url.expect("an address")).header("x-requested-with", "test");
            assert_eq!(Ground::hear(get.header("X-API-Token", admin)).await.code(), "FORBIDDEN");
        }
        let request = super::request::Request::plain(text);
        assert_eq!(ground.stream(admin, &request).await.code(), "FORBIDDEN");
        let mut socket = ground.socket(admin).await;
        socket.subscribe("1", text, json!({})).await;
        let error = socket.expect("error").await;
        assert_eq!(error["payload"][0]["extensions"]["code"], "FORBIDDEN", "{error}");
    }
    assert_eq!(ground.ask("", "{ __typename }").await.data(), &json!({ "__typename": "Query" }));
}

/// C07: aliases, fragments and operations with such names change neither limits nor needs.
async fn names_that_look_like_questions_are_names(place: Place) {
    let ground = Ground::new(place).await;
    let viewer = ground.token("viewer").await;
    for text in [
        "{ __schema: tasks { context } }",
        "query __schema { __typename: tasks { context } }",
        "{ ...__schema } fragment __schema on Query { tasks { context } }",
        "{ tasks { ...__type } } fragment __type on Task { __typename context }",
    ] {
        ground.denied(&viewer, text, &["tasker.task:show"]).await;
    }
    let deep = format!("{}name{}", "workflowSteps { parents { ".repeat(12), " } }".repeat(12));
    ground.rejected(&viewer, &format!("{{ __schema: tasks {{ {deep} }} }}"), "LIMIT_EXCEEDED").await;
    let fragment = format!("{{ tasks {{ ...__schema }} }} fragment __schema on Task {{ {deep} }}");
    ground.rejected(&viewer, &fragment, "LIMIT_EXCEEDED").await;
}

/// C09: the same texts at the same time by two callers, and no answer is the other's.
async fn an_answer_is_never_anothers(place: Place) {
    let ground = Arc::new(Ground::new(place).await);
    let viewer = ground.token("viewer").await;
    let contents = "{ tasks { namespace context } }";
    let schema = "{ __schema { mutationType { name } } }";
    let list = "{ tasks { namespace } }";
    let shop = json!({ "tasks": [{ "namespace": "shop" }] });
    let rounds = (0..32).map(|_| {
        let (ground, viewer, shop) = (ground.clone(), viewer.clone(), shop.clone());
        tokio::spawn(async move {
            for _ in 0..12 {
                assert_eq!(ground.ask(&viewer, contents).await.missing(), ["tasker.task:show"]);
                let whole = ground.ask(&ground.admin, contents).await;
                assert_eq!(whole.data()["tasks"].as_array().map(Vec::len), Some(2));
                assert_eq!(ground.ask(&viewer, schema).await.data()["__schema"]["mutationType"], Value::Null);
                let whole = ground.ask(&ground.admin, schema).await;
                assert_eq!(whole.data()["__schema"]["mutationType"]["name"], "Mutation");
                assert_eq!(ground.ask(&viewer, list).await.data(), &shop);
                assert_eq!(ground.ask("", list).await.status, 401);
            }
        })
    });
    for round in rounds.collect::<Vec<_>>() {
        round.await.expect("no answer is anothers");
    }
}

impl Ground {
    /// A socket that is let in.
    pub async fn socket(&self, token: &str) -> Socket {
        let mut socket = Socket::open(self.service.address).await;
        socket.send(json!({ "type": "connection_init", "payload": { "X-API-Token": token } })).await;
        socket.expect("connection_ack").await;
        socket
    }
}
