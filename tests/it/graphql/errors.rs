//! What a caller is told when something can't be done: a code for programs, a sentence for people, values for both.

use serde_json::{Value, json};

use super::setup::Service;
use crate::place::Place;

on_both_databases![
    a_text_that_is_no_document_is_told_where,
    what_the_schema_does_not_have_is_named_without_suggestions,
    variables_that_do_not_fit_are_named,
    every_violation_of_a_template_is_told_with_its_pointer,
    what_is_not_found_says_what_there_is,
    requests_that_make_no_sense_are_told_so,
    one_rule_for_ids,
];

fn says(error: &Value, part: &str) {
    assert!(error["message"].as_str().expect("a text").contains(part), "{part}: {error}");
}

async fn a_text_that_is_no_document_is_told_where(place: Place) {
    let service = Service::start(place).await;
    let error = service.error("{\n  tasks(\n}", json!({})).await;
    assert_eq!(
        error,
        json!({
            "message": "Syntax error at line 3, column 1: expected name",
            "locations": [{ "line": 3, "column": 1 }],
            "extensions": { "code": "GRAPHQL_PARSE_FAILED" },
        })
    );
}

async fn what_the_schema_does_not_have_is_named_without_suggestions(place: Place) {
    let service = Service::start(place).await;
    for (query, part) in [
        ("{ task(taskId: \"x\") { nam } }", "Unknown field \"nam\" on type \"Task\""),
        ("{ tasks(limt: 1) { name } }", "limt"),
        ("{ tasks }", "tasks"),
        ("{ eventCursor { x } }", "eventCursor"),
        ("mutation { createTask(input: { nam: \"x\" }) { name } }", "nam"),
        ("{ tasks { ...F } } fragment F on Nothing { name }", "Nothing"),
        ("query ($x: Nothing) { eventCursor }", "Nothing"),
        ("{ eventCursor @nothing }", "@nothing"),
        ("subscription { workflowEvents { name } taskUpdated(taskId: \"x\") { name } }", "exactly one field"),
    ] {
        let answer = service.ask(query, json!({})).await;
        let errors = answer.json()["errors"].as_array().expect("errors").clone();
        assert!(
            errors.iter().any(|error| error["message"].as_str().is_some_and(|text| text.contains(part))),
            "{}",
            answer.text
        );
        assert!(!answer.text.contains("Did you mean"), "{}", answer.text);
        let codes: Vec<&Value> = errors.iter().map(|error| &error["extensions"]["code"]).collect();
        let known = ["GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"];
        assert!(codes.iter().all(|code| known.iter().any(|known| code == known)), "{}", answer.text);
        assert!(answer.json().get("data").is_none(), "{}", answer.text);
    }
}

async fn variables_that_do_not_fit_are_named(place: Place) {
    let service = Service::start(place).await;
    let query =
        "query ($limit: Int!, $task: ID!) { tasks(limit: $limit) { name } task(taskId: $task) { name } }";
    for (variables, part) in [
        (json!({ "limit": 1 }), "Variable \"$task\" of type \"ID!\" was not provided"),
        (json!({ "task": "x", "limit": null }), "Variable \"$limit\" of type \"Int!\" got an invalid value"),
        (json!({ "task": "x", "limit": "1" }), "Variable \"$limit\" of type \"Int!\" got an invalid value"),
    ] {
        let error = service.error(query, variables).await;
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT");
        says(&error, part);
    }
    let input = json!({ "input": { "name": "later", "requestedAt": "yesterday" } });
    let query = "mutation ($input: CreateTaskInput!) { createTask(input: $input) { name } }";
    let error = service.error(query, input).await;
    assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{error}");
    says(&error, "write a moment as RFC 3339 does");
}

async fn every_violation_of_a_template_is_told_with_its_pointer(place: Place) {
    let service = Service::start(place).await;
    let context = json!({ "id": "one", "mail": "nobody", "items": {} });
    let error = service.refused("createTask", json!({ "name": "order", "context": context })).await;
    assert_eq!(
        (&error["extensions"]["code"], &error["path"]),
        (&json!("VALIDATION_FAILED"), &json!(["createTask"]))
    );
    let violations = error["extensions"]["violations"].as_array().expect("violations");
    let mut pointers: Vec<&str> =
        violations.iter().map(|one| one["pointer"].as_str().expect("a text")).collect();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/id", "/items", "/mail"]);
    assert!(violations.iter().all(|one| one["message"].as_str().is_some_and(|text| !text.is_empty())));
    let bypass = json!({ "name": "order", "context": { "id": 1 }, "bypassSteps": ["fetch", "pay", "fly"] });
    let error = service.refused("createTask", bypass).await;
    assert_eq!(
        error["extensions"]["violations"],
        json!([
            { "pointer": "/bypassSteps/1", "message": "\"pay\": the step is not skippable" },
            { "pointer": "/bypassSteps/2", "message": "\"fly\": the template has no such step" },
        ])
    );
}

async fn what_is_not_found_says_what_there_is(place: Place) {
    let service = Service::start(place).await;
    for (input, message) in [
        (
            json!({ "name": "order", "version": "9.0.0" }),
            "there is no template default/order@9.0.0; there is default/order@1.2.0",
        ),
        (
            json!({ "name": "ordr", "namespace": "archive" }),
            "there is no template archive/ordr; there is archive/order@1.9.0, archive/order@1.10.0",
        ),
    ] {
        let error = service.refused("createTask", input).await;
        assert_eq!((&error["message"], &error["extensions"]["code"]), (&json!(message), &json!("NOT_FOUND")));
    }
    let elsewhere = service.refused("createTask", json!({ "name": "x", "namespace": "nowhere" })).await;
    says(&elsewhere, "there is no template nowhere/x; its namespace has none");
}

async fn requests_that_make_no_sense_are_told_so(place: Place) {
    let service = Service::start(place).await;
    for (input, part) in [
        (json!({ "name": "later", "version": "1" }), "three numbers"),
        (json!({ "name": "later", "tags": vec!["t"; 51] }), "at most 50 tags"),
        (json!({ "name": "later", "tags": ["t".repeat(101)] }), "more than 100 characters"),
        (json!({ "name": "later", "reason": "a\u{0}b" }), "U+0000"),
        (json!({ "name": "later", "context": { "a": "\u{0}" } }), "U+0000"),
        (json!({ "name": "later", "idempotencyKey": "" }), "idempotencyKey is empty"),
        (json!({ "name": "later", "timeoutSeconds": 0 }), "timeoutSeconds must be from 0.001"),
        (json!({ "name": "later", "delaySeconds": 1e300 }), "delaySeconds must be from 0"),
    ] {
        let error = service.refused("createTask", input).await;
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{error}");
        says(&error, part);
    }
}

/// No UUID is bad input anywhere; one that nothing has is null from a query and `NOT_FOUND` from a mutation.
async fn one_rule_for_ids(place: Place) {
    let service = Service::start(place).await;
    let unknown = uuid::Uuid::now_v7().to_string();
    let queries = [
        "query ($id: ID!) { found: task(taskId: $id) { name } }",
        "query ($id: ID!) { found: step(taskId: $id, stepId: $id) { name } }",
    ];
    for query in queries {
        assert_eq!(service.data(query, json!({ "id": unknown })).await, json!({ "found": Value::Null }));
        assert_eq!(service.error(query, json!({ "id": "7" })).await["extensions"]["code"], "BAD_USER_INPUT");
    }
    for field in ["cancelTask", "retryTask", "resolveTask", "deleteTask", "updateTask"] {
        for (id, code) in [(unknown.as_str(), "NOT_FOUND"), ("7", "BAD_USER_INPUT"), ("", "BAD_USER_INPUT")] {
            let error = service.refused(field, json!({ "taskId": id, "reason": "x" })).await;
            assert_eq!(error["extensions"]["code"], code, "{field} {id:?}");
        }
    }
}
