//! What is out of scope is in no list, no count and no page.

use serde_json::{Value, json};
use tasker::auth::Wanted;

use super::service::Service;
use crate::place::Place;

on_both_databases![
    lists_counts_pages_and_events_hold_what_the_subject_may_see,
    a_field_of_more_permissions_is_read_where_all_of_them_hold,
    a_token_for_one_namespace_has_no_more,
];

async fn lists_counts_pages_and_events_hold_what_the_subject_may_see(place: Place) {
    let service = Service::start(place).await;
    let (admin, viewer) = (service.token("admin").await, service.token("viewer").await);
    let mut shop = Vec::new();
    for _ in 0..3 {
        shop.push(service.create(&admin, "shop").await);
        let foreign = service.create(&admin, "bank").await;
        service.settled(&admin, &foreign).await;
    }
    shop.reverse();
    let ids: Vec<Value> = shop.iter().map(|id| json!({ "taskId": id })).collect();
    let text = "{ tasks { taskId } all: taskConnection { totalCount nodes { taskId } }
        bank: taskConnection(filter: {namespace: \"bank\"}) { totalCount pageInfo { hasNextPage } nodes { taskId } }
        events(first: 100) { nodes { namespace } } foreign: events(filter: {namespace: \"bank\"}) { nodes { name } } }";
    let answer = service.ask(&viewer, text).await;
    assert_eq!(answer.data("tasks"), &json!(ids));
    assert_eq!(answer.data("all"), &json!({ "totalCount": 3, "nodes": ids }));
    let nothing = json!({ "totalCount": 0, "pageInfo": { "hasNextPage": false }, "nodes": [] });
    assert_eq!(answer.data("bank"), &nothing);
    let events = answer.data("events")["nodes"].as_array().expect("a list");
    assert!(!events.is_empty() && events.iter().all(|event| event["namespace"] == "shop"));
    assert_eq!(answer.data("foreign"), &json!({ "nodes": [] }));
}

async fn a_field_of_more_permissions_is_read_where_all_of_them_hold(place: Place) {
    let service = Service::start(place).await;
    let (admin, operator) = (service.token("admin").await, service.token("operator").await);
    let (shop, bank) = (service.create(&admin, "shop").await, service.create(&admin, "bank").await);
    // To show is permitted in both, to list in one.
    let text = "query ($a: ID!, $b: ID!) { a: task(taskId: $a) { taskId } b: task(taskId: $b) { taskId }
        c: task(taskId: $b) { workflowSteps { name } } tasks { taskId context } }";
    let answer = service.ask_with(&operator, text, json!({ "a": shop, "b": bank })).await;
    assert_eq!(answer.data("a"), &json!({ "taskId": shop }));
    assert_eq!(answer.data("b"), &json!({ "taskId": bank }));
    assert_eq!(answer.data("c"), &json!(null), "steps of the bank are not to be seen");
    assert_eq!(answer.data("tasks"), &json!([{ "taskId": shop, "context": {} }]));
}

async fn a_token_for_one_namespace_has_no_more(place: Place) {
    let service = Service::start(place).await;
    let admin = service.token("admin").await;
    let (shop, _) = (service.create(&admin, "shop").await, service.create(&admin, "bank").await);
    let namespaces = Some(vec!["shop".into()]);
    let bound = Wanted { name: "bound".into(), roles: vec!["admin".into()], namespaces, ..Wanted::default() };
    let bound = service.issue(bound).await;
    let seen = service.ask(&bound, "{ tasks { taskId } }").await;
    assert_eq!(seen.data("tasks"), &json!([{ "taskId": shop }]));
    let tokens = service.ask(&bound, "{ apiTokens { name } }").await;
    assert_eq!(tokens.missing(), ["tasker.api_token:index"]);
}
