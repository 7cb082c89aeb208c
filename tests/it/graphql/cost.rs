//! What a list costs: as many statements for a hundred tasks as for ten.

use serde_json::{Value, json};

use super::{count::statements, setup::Service};
use crate::place::Place;

on_both_databases![
    a_list_costs_as_many_statements_for_a_hundred_tasks_as_for_ten,
    nothing_is_read_that_nobody_asked_for,
    a_page_costs_what_it_says_and_no_more,
    creating_many_costs_what_creating_one_does,
];

async fn with_tasks(place: Place, count: i64) -> Service {
    // Everything below a list counts, and this is more than a stranger may ask for.
    let service = Service::with(place, "graphql: { limits: { complexity: 10000000 } }").await;
    let tasks: Vec<Value> =
        (0..count).map(|id| json!({ "name": "order", "context": { "id": id } })).collect();
    service.mutate("createTasks", json!({ "tasks": tasks }), "{ taskId }").await;
    service.idle().await;
    service
}

const DEEP: &str = "query ($limit: Int!) { tasks(limit: $limit) {
    taskId context executionStatus completionPercentage node namedTask { stepTemplates { dependsOn } }
    events { name payload }
    workflowSteps {
        name inputs results error { message } readiness { ready } events { name } task { taskId status }
        parents { name results children { name } } children { name events { cursor } parents { name } }
    } } }";

async fn a_list_costs_as_many_statements_for_a_hundred_tasks_as_for_ten(place: Place) {
    let service = with_tasks(place, 100).await;
    let ten = statements(&service, DEEP, json!({ "limit": 10 })).await;
    let hundred = statements(&service, DEEP, json!({ "limit": 100 })).await;
    assert_eq!(hundred, ten);
    assert_eq!(hundred.len(), 4, "tasks, their steps, their events, their steps' events: {hundred:?}");
    let answer = service.data(DEEP, json!({ "limit": 100 })).await;
    let tasks = answer["tasks"].as_array().expect("tasks");
    assert!(
        tasks.len() == 100
            && tasks.iter().all(|task| task["workflowSteps"][3]["parents"][1]["name"] == "stock")
    );
}

async fn nothing_is_read_that_nobody_asked_for(place: Place) {
    let service = with_tasks(place, 10).await;
    for (query, count) in [
        ("{ tasks { taskId name status tags context } }", 1),
        ("{ tasks { taskId executionStatus } }", 2),
        ("{ tasks { node } }", 1),
        ("{ tasks { taskAnnotations { annotation } } }", 2),
        ("{ eventCatalog { name payloadSchema } eventInfo(name: \"task.completed\") { name } }", 0),
        ("{ taskDiagrams { content } }", 2),
        ("{ taskDiagrams { format } }", 1),
        (
            "{ tasks { diagram(format: SVG) { content } dependencyAnalysis { blockers { step { name } } } } }",
            2,
        ),
        ("{ namespaces { name } handlers { dependencyGraph { edges { to } } diagram { content } } }", 0),
        ("{ tasks { a: events { name } b: events { name } } }", 2),
        ("{ tasks { workflowSteps { name } } again: tasks { workflowSteps { name } } }", 4),
        ("{ events { nodes { name payload } } }", 1),
        ("{ eventCursor }", 1),
        ("{ __typename }", 0),
    ] {
        let made = statements(&service, query, json!({})).await;
        assert_eq!(made.len(), count, "{query}: {made:?}");
    }
}

async fn a_page_costs_what_it_says_and_no_more(place: Place) {
    let service = with_tasks(place, 10).await;
    let after = service.data("{ taskConnection(first: 2) { pageInfo { endCursor } } }", json!({})).await;
    let after = &after["taskConnection"]["pageInfo"]["endCursor"];
    for (selection, count) in [
        ("nodes { taskId }", 1),
        ("nodes { taskId } edges { cursor } pageInfo { startCursor endCursor }", 1),
        ("nodes { taskId } pageInfo { hasNextPage }", 1),
        ("nodes { taskId } pageInfo { hasPreviousPage }", 2),
        ("nodes { taskId } totalCount", 2),
        ("nodes { workflowSteps { parents { name } } }", 2),
    ] {
        let query =
            format!("query ($after: String) {{ taskConnection(first: 3, after: $after) {{ {selection} }} }}");
        let made = statements(&service, &query, json!({ "after": after })).await;
        assert_eq!(made.len(), count, "{query}: {made:?}");
    }
}

/// The journal's own statements are counted beside it, in `journal::cost`.
async fn creating_many_costs_what_creating_one_does(place: Place) {
    let service = with_tasks(place, 1).await;
    let query = "mutation ($input: CreateTasksInput!) { createTasks(input: $input) {
        taskId workflowSteps { name parents { name } } } }";
    let mut made = Vec::new();
    for count in [1, 50] {
        let tasks: Vec<Value> = (0..count).map(|_| json!({ "name": "later" })).collect();
        made.push(statements(&service, query, json!({ "input": { "tasks": tasks } })).await.len());
    }
    assert_eq!(made[0], made[1]);
}
