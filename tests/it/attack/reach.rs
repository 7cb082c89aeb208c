//! B: what may not be asked for directly, asked for by a detour.

use serde_json::json;

use super::{ground::Ground, value::NOBODYS_ID};
use crate::place::Place;

on_both_databases![
    contents_are_out_of_reach_on_every_way,
    nobody_learns_contents_by_looking_for_them,
    what_is_elsewhere_is_like_what_is_not_there,
    pages_say_nothing_of_what_is_left_out,
    a_step_of_another_task_is_none,
    a_key_used_elsewhere_is_free_here,
    who_calls_is_who_has_signed_in,
];

const SHOW: &str = "tasker.task:show";
const STEP: &str = "tasker.workflow_step:show";
const NOTES: &str = "tasker.task_annotation:index";

/// B02, B03, B05, B11: by a list, a page, an alias, an error. B06: by a mutation's answer, before it changes anything.
async fn contents_are_out_of_reach_on_every_way(place: Place) {
    let ground = Ground::new(place).await;
    let (viewer, operator) = (ground.token("viewer").await, ground.token("operator").await);
    for (text, missing) in [
        ("{ tasks { context } }", &[SHOW][..]),
        ("{ tasks { taskId: context } }", &[SHOW]),
        ("{ tasks { identityHash } }", &[SHOW]),
        ("{ taskConnection { edges { node { c: context } } } }", &[SHOW]),
        ("{ taskConnection { nodes { context } } }", &[SHOW]),
        ("{ tasksByStatus(status: PENDING) { ... on Task { context } } }", &[SHOW]),
        ("{ tasks { workflowSteps { task { taskId } } } }", &[SHOW]),
        ("{ tasks { workflowSteps { error { message } } } }", &[STEP]),
        ("{ tasks { workflowSteps { parents { children { inputs results } } } } }", &[STEP]),
        ("{ tasks { taskAnnotations { annotation } } }", &[NOTES]),
        (
            "{ tasksByAnnotation(annotationType: \"a\", annotationKey: \"b\", annotationValue: \"c\") { taskId } }",
            &[NOTES],
        ),
        ("{ events { nodes { payload } } }", &["tasker.event:show"]),
        ("{ events { edges { node { payload } } } }", &["tasker.event:show"]),
        ("{ tasks { workflowSteps { events { payload } } } }", &["tasker.event:show"]),
    ] {
        ground.denied(&viewer, text, missing).await;
    }
    let cancel = |selection: &str| {
        format!("mutation {{ cancelTask(input: {{taskId: \"{}\"}}) {{ {selection} }} }}", ground.shop)
    };
    for selection in
        ["workflowSteps { results }", "workflowSteps { parents { task { workflowSteps { inputs } } } }"]
    {
        ground.denied(&operator, &cancel(selection), &[STEP]).await;
    }
    ground.denied(&operator, &cancel("events { payload }"), &["tasker.event:show"]).await;
}

/// B08: filtering by contents. B09: sorting by them. Filters are looked at as the resolver gets them.
async fn nobody_learns_contents_by_looking_for_them(place: Place) {
    let ground = Ground::new(place).await;
    let viewer = ground.token("viewer").await;
    let filter = "{context: {path: \"ssn\", equals: \"1\"}}";
    for field in [
        format!("tasks(filter: {filter}) {{ taskId }}"),
        format!("taskConnection(filter: {filter}) {{ totalCount }}"),
        format!("taskConnection(filter: {filter}) {{ pageInfo {{ hasNextPage }} }}"),
        format!("tasksByStatus(status: PENDING, filter: {filter}) {{ taskId }}"),
        format!("tasks(filter: {filter}) @skip(if: true) {{ taskId }}"),
    ] {
        ground.denied(&viewer, &format!("{{ {field} }}"), &[SHOW]).await;
    }
    let context = json!({ "path": "ssn", "equals": "1" });
    let by = "query ($f: TaskFilter, $c: TaskContextFilter) { a: tasks(filter: $f) { taskId } b: tasks(filter: {context: $c}) { taskId } }";
    for variables in [json!({ "f": { "context": context } }), json!({ "c": context })] {
        ground.denied_with(&viewer, by, variables, &[SHOW]).await;
    }
    let default =
        "query ($f: TaskFilter = {context: {path: \"a\", equals: 1}}) { tasks(filter: $f) { taskId } }";
    ground.denied(&viewer, default, &[SHOW]).await;
    assert!(ground.ask_with(&viewer, default, json!({ "f": null })).await.data()["tasks"].is_array());
    for order in ["CONTEXT", "context", "\"context->>'ssn'\""] {
        let text = format!("{{ tasks(sortBy: {order}) {{ taskId }} }}");
        let answer = ground.ask(&viewer, &text).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
    }
}

/// B14, B16: to the byte.
async fn what_is_elsewhere_is_like_what_is_not_there(place: Place) {
    let ground = Ground::new(place).await;
    // A teller may do everything with tasks in `bank` and nothing elsewhere; steps it may not see at all.
    ground.also(
        "p, role:teller, bank, tasker.workflow_step, *, allow\np, role:teller, bank, tasker.event, *, allow
p, role:teller, bank, tasker.task_annotation, *, allow",
    );
    let teller = ground.token("teller").await;
    let before = ground.rows().await;
    for text in [
        "query ($id: ID!) { task(taskId: $id) { taskId } }",
        "query ($id: ID!) { task(taskId: $id) { context workflowSteps { results events { payload } } } }",
        "query ($id: ID!) { step(taskId: $id, stepId: $id) { name } }",
        "query ($id: ID!) { events(filter: {taskId: $id}) { nodes { name } pageInfo { hasNextPage endCursor } } }",
        "query ($id: ID!) { a: task(taskId: $id) { taskId } b: task(taskId: $id) { name } }",
        "mutation ($id: ID!) { cancelTask(input: {taskId: $id}) { taskId } }",
        "mutation ($id: ID!) { updateTask(input: {taskId: $id, reason: \"x\"}) { taskId } }",
        "mutation ($id: ID!) { retryTask(input: {taskId: $id}) { taskId } }",
        "mutation ($id: ID!) { x: resolveTask(input: {taskId: $id}) { taskId context } }",
        "mutation ($id: ID!) { deleteTask(input: {taskId: $id}) { taskId } }",
        "mutation ($id: ID!) { annotateTask(input: {taskId: $id, annotationType: \"a\", annotation: {}}) { taskId } }",
        "mutation ($id: ID!) { publishEvent(input: {taskId: $id, name: \"order.seen\"}) { cursor payload } }",
        "mutation ($id: ID!) { retryStep(input: {taskId: $id, stepId: $id}) { name } }",
        "mutation ($id: ID!) { updateStep(input: {taskId: $id, stepId: $id, retryLimit: 3}) { name } }",
        "mutation ($id: ID!) { resolveStep(input: {taskId: $id, stepId: $id}) { name } }",
        "mutation ($id: ID!) { a: cancelTask(input: {taskId: $id}) { taskId } b: cancelStep(input: {taskId: $id, stepId: $id}) { name } }",
    ] {
        ground.hidden(&teller, text, &ground.shop).await;
    }
    assert_eq!(ground.rows().await, before);
}

/// B12, B13: counts, pages and cursors.
async fn pages_say_nothing_of_what_is_left_out(place: Place) {
    let ground = Ground::new(place).await;
    let viewer = ground.token("viewer").await;
    let text = "query ($after: String) { taskConnection(first: 1, after: $after) {
        totalCount nodes { namespace } pageInfo { hasNextPage hasPreviousPage } } }";
    let page = json!({ "taskConnection": { "totalCount": 1, "nodes": [{ "namespace": "shop" }],
        "pageInfo": { "hasNextPage": false, "hasPreviousPage": false } } });
    assert_eq!(ground.ask(&viewer, text).await.data(), &page);
    let cursors = "{ taskConnection { edges { cursor node { namespace } } } }";
    let all = ground.ask(&ground.admin, cursors).await;
    for edge in all.data()["taskConnection"]["edges"].as_array().expect("edges") {
        let found = ground.ask_with(&viewer, text, json!({ "after": edge["cursor"] })).await;
        let nodes = found.data()["taskConnection"]["nodes"].as_array().expect("nodes");
        assert!(nodes.iter().all(|node| node["namespace"] == "shop"), "{}", found.text);
        assert_eq!(found.data()["taskConnection"]["totalCount"], 1);
    }
    for filter in ["namespace: \"bank\"", "namespace: \"BANK\"", "name: \"order\", namespace: \"bank\""] {
        let text = format!("{{ tasks(filter: {{{filter}}}) {{ taskId }} }}");
        assert_eq!(ground.ask(&viewer, &text).await.data(), &json!({ "tasks": [] }));
    }
}

/// B19: the step counts by its task, the task by what is stored.
async fn a_step_of_another_task_is_none(place: Place) {
    let ground = Ground::new(place).await;
    let operator = ground.token("operator").await;
    let steps = "query ($id: ID!) { task(taskId: $id) { workflowSteps { workflowStepId } } }";
    let of_bank = ground.ask_with(&ground.admin, steps, json!({ "id": ground.bank })).await;
    let foreign = of_bank.data()["task"]["workflowSteps"][0]["workflowStepId"].as_str().expect("an id");
    let before = ground.rows().await;
    let retry = format!(
        "mutation ($id: ID!) {{ retryStep(input: {{taskId: \"{}\", stepId: $id}}) {{ name }} }}",
        ground.shop
    );
    ground.hidden(&operator, &retry, foreign).await;
    let answer = ground.ask_with(&operator, &retry, json!({ "id": foreign })).await;
    assert_eq!(answer.code(), "NOT_FOUND", "{}", answer.text);
    let step = format!("query ($id: ID!) {{ step(taskId: \"{}\", stepId: $id) {{ name }} }}", ground.shop);
    ground.hidden(&ground.admin, &step, foreign).await;
    assert_eq!(ground.rows().await, before);
}

/// B15: an idempotency key is one of its namespace. B23: a template is found by its own name only.
async fn a_key_used_elsewhere_is_free_here(place: Place) {
    let ground = Ground::new(place).await;
    let operator = ground.token("operator").await;
    let text =
        "mutation ($i: CreateTaskInput!) { createTask(input: $i) { taskId alreadyExisted namespace } }";
    let input = |namespace: &str, name: &str| {
        let key = (name == "order").then_some("K");
        json!({ "i": { "name": name, "namespace": namespace, "idempotencyKey": key, "delaySeconds": 3600 } })
    };
    let foreign = ground.ask_with(&ground.admin, text, input("bank", "order")).await;
    let own = ground.ask_with(&operator, text, input("shop", "order")).await;
    assert_eq!(own.data()["createTask"]["alreadyExisted"], false);
    assert_ne!(own.data()["createTask"]["taskId"], foreign.data()["createTask"]["taskId"]);
    for name in
        ["Order", " order", "order ", "order\u{200b}", "оrder", "bank/order", "order@0.1.0", "../bank/order"]
    {
        let before = ground.rows().await;
        let answer = ground.ask_with(&operator, text, input("shop", name)).await;
        assert!(
            ["NOT_FOUND", "VALIDATION_FAILED", "BAD_USER_INPUT"].contains(&answer.code()),
            "{}",
            answer.text
        );
        assert_eq!(ground.rows().await, before, "{name}");
    }
}

/// B24: words about oneself are words.
async fn who_calls_is_who_has_signed_in(place: Place) {
    let ground = Ground::new(place).await;
    let operator = ground.token("operator").await;
    let text = "mutation { createTask(input: {name: \"order\", namespace: \"shop\", initiator: \"admin\", sourceSystem: \"admin\"}) { createdBy initiator } }";
    let mut request = ground.post(&operator);
    for name in ["X-User", "X-Principal", "X-Forwarded-User", "Remote-User", "X-Roles", "X-Tasker-Subject"] {
        request = request.header(name, "admin");
    }
    let answer = Ground::hear(request.json(&json!({ "query": text }))).await;
    assert_eq!(answer.data()["createTask"], json!({ "createdBy": "operator", "initiator": "admin" }));
    let nobody = Ground::hear(
        ground.post("").header("X-User", "admin").json(&json!({ "query": "{ tasks { taskId } }" })),
    );
    assert_eq!(nobody.await.status, 401);
    ground.hidden(&operator, "query ($id: ID!) { task(taskId: $id) { taskId } }", NOBODYS_ID).await;
}
