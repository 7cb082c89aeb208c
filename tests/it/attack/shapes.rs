//! A: the shapes a document can have. What it says counts, never how it says it.

use serde_json::{Value, json};

use super::{ground::Ground, value::NOBODYS_ID};
use crate::place::Place;

on_both_databases![
    a_forbidden_mutation_is_found_in_every_shape,
    text_in_strings_is_text,
    the_selected_operation_is_the_one_that_runs,
    what_is_no_single_request_is_refused,
    one_forbidden_field_refuses_them_all,
    fragments_that_lead_nowhere_are_refused,
    a_target_counts_however_its_id_arrives,
];

const CANCEL: &str = "tasker.task:cancel";

fn cancel(task: &str) -> String {
    format!("cancelTask(input: {{taskId: \"{task}\"}}) {{ taskId }}")
}

/// A01 alias, A02 leading `__typename`, A04 fragment, A05 inline fragment, A06 fragments in fragments, A07 and A08
/// directives, A09 nothings between the tokens.
async fn a_forbidden_mutation_is_found_in_every_shape(place: Place) {
    let ground = Ground::new(place).await;
    let viewer = ground.token("viewer").await;
    let cancel = cancel(&ground.shop);
    let skipped = |condition: &str| cancel.replace(") {", &format!(") {condition} {{"));
    let levels: String =
        (1..5).map(|no| format!(" fragment F{no} on Mutation {{ ...F{} }}", no + 1)).collect();
    for text in [
        format!("mutation {{ {cancel} }}"),
        format!("mutation {{ x: {cancel} }}"),
        format!("mutation {{ __typename {cancel} }}"),
        format!("mutation {{ ...F }} fragment F on Mutation {{ {cancel} }}"),
        format!("mutation {{ ... {{ {cancel} }} }}"),
        format!("mutation {{ ... on Mutation {{ ... {{ {cancel} }} }} }}"),
        format!("mutation {{ ...F1 }}{levels} fragment F5 on Mutation {{ x: {cancel} }}"),
        format!("mutation {{ {} }}", skipped("@include(if: true)")),
        format!("mutation {{ {} }}", skipped("@skip(if: true)")),
        format!("mutation {{ ... @include(if: false) {{ {cancel} }} }}"),
        format!("mutation {{#x\n ,{cancel} }}"),
        format!("\u{feff}mutation\r{{\r#}}\r,,{cancel}\r}}"),
        format!("mutation{{{}}}", cancel.replace(' ', "")),
    ] {
        ground.denied(&viewer, &text, &[CANCEL]).await;
        ground.denied("", &text, &[]).await;
    }
    let by_variable = format!("mutation ($s: Boolean!) {{ {} }}", skipped("@skip(if: $s)"));
    for skip in [true, false] {
        ground.denied_with(&viewer, &by_variable, json!({ "s": skip }), &[CANCEL]).await;
    }
}

/// A10: brackets in strings, in block strings and in comments. A14: the short form.
async fn text_in_strings_is_text(place: Place) {
    let ground = Ground::new(place).await;
    let viewer = ground.token("viewer").await;
    for text in [
        r#"{ tasks(filter: {name: "){ x }("}) { taskId } }"#,
        r#"{ tasks(filter: {name: """){ x }( \""" " """}) { taskId } }"#,
        "{ tasks(filter: {name: \"#\"}) { taskId } # } mutation {\n }",
        "{tasks(filter:{name:\"\\\"}\"}){taskId}}",
    ] {
        ground.denied("", text, &[]).await;
        assert_eq!(ground.ask(&viewer, text).await.data(), &json!({ "tasks": [] }), "{text}");
    }
}

/// A11: of two operations the one that was named. A13: names of operations mean nothing.
async fn the_selected_operation_is_the_one_that_runs(place: Place) {
    let ground = Ground::new(place).await;
    let viewer = ground.token("viewer").await;
    let query = format!("query A {{ tasks {{ name }} }} mutation B {{ {} }}", cancel(&ground.shop));
    let named = |name: Value| json!({ "query": query, "operationName": name });
    let allowed = Ground::hear(ground.post(&viewer).json(&named(json!("A")))).await;
    assert_eq!(allowed.data(), &json!({ "tasks": [{ "name": "order" }] }));
    ground.denies(&viewer, named(json!("B")), &[CANCEL], 0).await;
    for other in [json!(null), json!(""), json!("C"), json!("b"), json!(["A"]), json!(7)] {
        let answer = Ground::hear(ground.post(&viewer).json(&named(other))).await;
        assert_eq!((answer.status, answer.code()), (400, "BAD_USER_INPUT"), "{}", answer.text);
    }
    ground.denied(&viewer, &format!("mutation tasks {{ {} }}", cancel(&ground.shop)), &[CANCEL]).await;
    let query = "query cancelTask { tasks { name } }";
    assert_eq!(ground.ask(&viewer, query).await.data(), &json!({ "tasks": [{ "name": "order" }] }));
}

/// A12: a key twice. A15: no query. A16: batches, also of one.
async fn what_is_no_single_request_is_refused(place: Place) {
    let ground = Ground::new(place).await;
    let before = ground.rows().await;
    let (admin, cancel) = (&ground.admin, format!("mutation {{ {} }}", cancel(&ground.shop)));
    let quoted = json!(cancel).to_string();
    for body in [
        format!(r#"{{"operationName": "A", "query": {quoted}, "operationName": "B"}}"#),
        format!(r#"{{"query": "{{ __typename }}", "query": {quoted}}}"#),
        format!(r#"{{"query": "{{ __typename }}", "qu\u0065ry": {quoted}}}"#),
        format!(r#"[{{"query": {quoted}}}]"#),
        format!(r#"[{{"query": "{{ __typename }}"}}, {{"query": {quoted}}}]"#),
        format!(r#"{{"query": {quoted}}}{{"query": {quoted}}}"#),
        r#"{"query": " \t\n"}"#.into(),
        r#"{"query": ""}"#.into(),
        r#"{"query": null}"#.into(),
        r#"{"query": ["{ __typename }"]}"#.into(),
        r#"{"query": {"a": 1}}"#.into(),
        "{}".into(),
        "null".into(),
        String::new(),
    ] {
        let request = ground.post(admin).header("content-type", "application/json");
        let answer = Ground::hear(request.body(body.clone())).await;
        assert_eq!((answer.status, answer.code()), (400, "BAD_USER_INPUT"), "{body}: {}", answer.text);
    }
    assert_eq!(ground.rows().await, before);
}

/// A03: an allowed field first does not carry the second. A17: one field twice, once about something forbidden.
async fn one_forbidden_field_refuses_them_all(place: Place) {
    let ground = Ground::new(place).await;
    let operator = ground.token("operator").await;
    let create = "createTask(input: {name: \"order\", namespace: \"shop\"}) { taskId }";
    let retry = format!("retryTask(input: {{taskId: \"{}\"}}) {{ taskId }}", ground.shop);
    for text in [format!("mutation {{ {create} {retry} }}"), format!("mutation {{ {retry} {create} }}")] {
        ground.denied(&operator, &text, &["tasker.task:retry"]).await;
    }
    let (a, b) = (cancel(&ground.shop), cancel(&ground.bank));
    for text in [format!("mutation {{ a: {a} b: {b} }}"), format!("mutation {{ b: {b} a: {a} }}")] {
        ground.denied_there(&operator, &text, json!({}), &[CANCEL]).await;
    }
    // All that is missing in any of them is said at once; what is not there changes nothing about it.
    let (gone, delete) = (cancel(NOBODYS_ID), b.replace("cancelTask", "deleteTask"));
    for text in [format!("mutation {{ x: {gone} b: {b} }}"), format!("mutation {{ b: {b} x: {gone} }}")] {
        ground.denied_there(&operator, &text, json!({}), &[CANCEL]).await;
    }
    let both = format!("mutation {{ a: {a} b: {b} c: {delete} }}");
    ground.denied_there(&operator, &both, json!({}), &[CANCEL, "tasker.task:destroy"]).await;
    assert_eq!(ground.status(&ground.shop).await, "PENDING");
}

/// A18: unused. A19: in a circle, or none.
async fn fragments_that_lead_nowhere_are_refused(place: Place) {
    let ground = Ground::new(place).await;
    let viewer = ground.token("viewer").await;
    let chain: String =
        (0..300).map(|no| format!("fragment F{no} on Task {{ ...F{} }} ", (no + 1) % 300)).collect();
    for text in [
        format!("{{ tasks {{ taskId }} }} fragment F on Mutation {{ {} }}", cancel(&ground.shop)),
        "{ tasks { ...F } } fragment F on Task { taskId ...F }".into(),
        "{ tasks { ...A } } fragment A on Task { ...B } fragment B on Task { ... { ...A } }".into(),
        "{ tasks { ...Nothing } }".into(),
        "{ tasks { taskId } } fragment A on Task { ...B } fragment B on Task { ...A }".into(),
        "mutation { ... on Nothing { deleteTask(input: {taskId: \"x\"}) { taskId } } }".into(),
    ] {
        ground.rejected(&viewer, &text, "GRAPHQL_VALIDATION_FAILED").await;
    }
    ground.rejected(&viewer, &format!("{{ tasks {{ ...F0 }} }} {chain}"), "LIMIT_EXCEEDED").await;
}

/// A20: by a default. A21: in any form that the resolver would understand, and in those that nobody does.
async fn a_target_counts_however_its_id_arrives(place: Place) {
    let ground = Ground::new(place).await;
    let operator = ground.token("operator").await;
    let bank = &ground.bank;
    let default =
        format!("mutation ($i: ID! = \"{bank}\") {{ cancelTask(input: {{taskId: $i}}) {{ taskId }} }}");
    ground.denied_there(&operator, &default, json!({}), &[CANCEL]).await;
    let whole = "mutation ($i: CancelTaskInput!) { cancelTask(input: $i) { taskId } }";
    let simple = bank.replace('-', "");
    for id in [bank.to_uppercase(), simple.clone(), format!("{{{bank}}}"), format!("urn:uuid:{bank}")] {
        let before = ground.rows().await;
        let answer = ground.ask_with(&operator, whole, json!({ "i": { "taskId": id } })).await;
        assert!(["FORBIDDEN", "BAD_USER_INPUT"].contains(&answer.code()), "{id}: {}", answer.text);
        assert_eq!(ground.rows().await, before, "{id}");
    }
    for input in [
        json!({ "taskId": [bank] }),
        json!({ "taskId": 7 }),
        json!({ "taskId": null }),
        json!({ "taskId": { "id": bank } }),
        json!([{ "taskId": bank }]),
        json!(bank),
        json!({}),
    ] {
        let before = ground.rows().await;
        let answer = ground.ask_with(&operator, whole, json!({ "i": input })).await;
        let told = ["BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"];
        assert!(told.contains(&answer.code()), "{input}: {}", answer.text);
        assert_eq!(ground.rows().await, before, "{input}");
    }
    // One is as good as a list of one, for the resolver and so for the gate.
    let one = "mutation { createTasks(input: {tasks: {name: \"order\", namespace: \"bank\"}}) { taskId } }";
    ground.denied(&operator, one, &["tasker.task:create"]).await;
    let list = "mutation ($t: [CreateTaskInput!]!) { createTasks(input: {tasks: $t}) { taskId } }";
    let tasks = json!({ "t": { "name": "order", "namespace": "bank" } });
    ground.denied_with(&operator, list, tasks, &["tasker.task:create"]).await;
    let somewhere =
        "mutation ($n: String = \"bank\") { createTask(input: {name: \"order\", namespace: $n}) { taskId } }";
    ground.denied(&operator, somewhere, &["tasker.task:create"]).await;
}
