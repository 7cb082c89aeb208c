//! What documents need, however they are written.

use async_graphql::Variables;
use serde_json::json;

use super::Requirements;
use crate::{
    auth::{Permission, Permissions},
    graphql::{
        document::{Document, Limits},
        schema,
    },
};

fn requirements() -> Requirements {
    Requirements::from_sdl(&schema::sdl()).expect("the schema says what it needs")
}

/// What the operation needs in all, as a policy writes it.
fn needs(text: &str, operation: Option<&str>, variables: serde_json::Value) -> String {
    let requirements = requirements();
    let document = Document::parse(text, &Limits::default()).expect(text);
    let variables = Variables::from_json(variables);
    let found = requirements.collect(document.operation(operation).expect(text), &variables);
    let all = found.roots.iter().fold(Permissions::NONE, |all, root| all.or(root.needs.permissions));
    let names: Vec<&str> = all.iter().map(Permission::as_str).collect();
    format!("{}{}", names.join(" "), if found.unknown.is_some() { " (unknown field)" } else { "" })
}

fn plainly(text: &str) -> String {
    needs(text, None, json!({}))
}

#[test]
fn a_forbidden_field_is_found_wherever_it_stands() {
    const CANCEL: &str = r#"cancelTask(input: {taskId: "x"}) { taskId }"#;
    let cancel = "tasker.task:cancel";
    for text in [
        format!("mutation {{ {CANCEL} }}"),
        format!("mutation {{ a: {CANCEL} }}"),
        format!("mutation {{ __typename {CANCEL} }}"),
        format!("mutation {{ ,,, #x\n {CANCEL} }}"),
        format!("\u{feff}mutation {{ {CANCEL} }}"),
        format!("mutation {{ ... {{ {CANCEL} }} }}"),
        format!("mutation {{ ... on Mutation {{ {CANCEL} }} }}"),
        format!(
            "mutation {{ ...A }} fragment A on Mutation {{ ...B }} fragment B on Mutation {{ {CANCEL} }}"
        ),
        format!("mutation {{ ... @include(if: false) {{ {CANCEL} }} }}"),
        r#"mutation { cancelTask(input: {taskId: "x"}) @skip(if: true) { taskId } }"#.to_owned(),
        r#"mutation tasks { cancelTask(input: {taskId: "){ x }("}) { taskId } }"#.to_owned(),
        r#"mutation { cancelTask(input: {taskId: """ } """}) { taskId } }"#.to_owned(),
    ] {
        assert_eq!(plainly(&text), cancel, "{text}");
    }
}

#[test]
fn contents_are_found_below_every_parent() {
    for (text, expected) in [
        ("{ tasks { taskId } }", "tasker.task:index"),
        ("{ tasks { c: context } }", "tasker.task:index tasker.task:show"),
        ("{ taskConnection { edges { node { context } } } }", "tasker.task:index tasker.task:show"),
        (
            "{ taskConnection { nodes { ...F } } } fragment F on Task { context }",
            "tasker.task:index tasker.task:show",
        ),
        (
            r#"{ task(taskId: "x") { workflowSteps { parents { results } } } }"#,
            "tasker.task:show tasker.workflow_step:index tasker.workflow_step:show",
        ),
        (
            r#"mutation { cancelTask(input: {taskId: "x"}) { context workflowSteps { error { message } } } }"#,
            "tasker.task:show tasker.task:cancel tasker.workflow_step:index tasker.workflow_step:show",
        ),
        ("subscription { workflowEvents { payload } }", "tasker.event:show tasker.event:subscribe"),
        ("{ events { nodes { name } } }", "tasker.event:index"),
        ("{ __typename }", ""),
    ] {
        assert_eq!(plainly(text), expected, "{text}");
    }
}

#[test]
fn filtering_by_contents_is_reading_them() {
    let show = "tasker.task:index tasker.task:show";
    let context = json!({ "path": "ssn", "equals": "1" });
    for text in [
        r#"{ tasks(filter: {context: {path: "ssn", equals: "1"}}) { taskId } }"#,
        r#"{ taskConnection(filter: {context: {path: "ssn", equals: "1"}}) { totalCount } }"#,
        r#"query ($f: TaskFilter = {context: {path: "ssn", equals: "1"}}) { tasks(filter: $f) { taskId } }"#,
    ] {
        assert_eq!(plainly(text), show, "{text}");
    }
    let whole = "query ($f: TaskFilter) { tasks(filter: $f) { taskId } }";
    assert_eq!(needs(whole, None, json!({ "f": { "context": context } })), show);
    assert_eq!(needs(whole, None, json!({ "f": { "name": "x" } })), "tasker.task:index");
    assert_eq!(needs(whole, None, json!({ "f": { "context": null } })), "tasker.task:index");
    let part = "query ($c: TaskContextFilter) { tasks(filter: {context: $c}) { taskId } }";
    assert_eq!(needs(part, None, json!({ "c": context })), show);
    assert_eq!(needs(part, None, json!({})), "tasker.task:index");
}

#[test]
fn only_the_selected_operation_counts() {
    let text = r#"query A { tasks { taskId } } mutation B { cancelTask(input: {taskId: "x"}) { taskId } }"#;
    assert_eq!(needs(text, Some("A"), json!({})), "tasker.task:index");
    assert_eq!(needs(text, Some("B"), json!({})), "tasker.task:cancel");
}

#[test]
fn an_unknown_field_is_told_apart() {
    assert_eq!(plainly("{ tasks { taskId nonsense } }"), "tasker.task:index (unknown field)");
    assert_eq!(plainly("mutation { nonsense }"), " (unknown field)");
    let elsewhere = r#"mutation { ... on Nothing { deleteTask(input: {taskId: "x"}) { taskId } } }"#;
    assert_eq!(plainly(elsewhere), " (unknown field)", "nothing is looked up for a type that is none");
}

/// F05: a root field without a requirement keeps the service from starting.
#[test]
fn a_schema_that_leaves_something_unsaid_is_refused() {
    let refused = |sdl: &str| Requirements::from_sdl(sdl).expect_err(sdl).to_string();
    let root = "schema { query: Query } type Query { tasks: [Task!]! } type Task { id: ID! }";
    assert_eq!(refused(root), "the schema can't be guarded: Query.tasks has no @authorize");
    let nested = r#"schema { query: Query }
        type Query { task: Task @authorize(permission: "tasker.task:show") step: Step @authorize(permission: "tasker.workflow_step:show") }
        type Task { step: Step } type Step { id: ID! }"#;
    assert_eq!(refused(nested), "the schema can't be guarded: Task.step has no @authorize");
    let unknown =
        r#"schema { query: Query } type Query { a: Int @authorize(permission: "tasker.task:fly") }"#;
    assert!(
        refused(unknown).contains("Query.a needs tasker.task:fly, which nobody knows"),
        "{}",
        refused(unknown)
    );
}
