//! Templates and diagrams of namespaces that the subject may not see are as if they were not there.

use serde_json::{Value, json};

use super::service::Service;
use crate::place::Place;

on_both_databases![
    templates_of_other_namespaces_are_not_there,
    tasks_of_other_namespaces_have_no_diagram,
    a_drawing_needs_no_more_than_to_draw,
];

async fn templates_of_other_namespaces_are_not_there(place: Place) {
    let service = Service::start(place).await;
    let drawer = service.token("drawer").await;
    let text = r#"{ namespaces { name handlerCount } shop: handlers(namespace: "shop") { name }
        bank: handlers(namespace: "bank") { name } known: handler(namespace: "shop", name: "order") { fullName }
        foreign: handler(namespace: "bank", name: "order") { fullName }
        unknown: handler(namespace: "nowhere", name: "order") { fullName } }"#;
    let seen = service.ask(&drawer, text).await;
    assert_eq!(seen.data("namespaces"), &json!([{ "name": "shop", "handlerCount": 2 }]));
    assert_eq!(seen.data("shop"), &json!([{ "name": "order" }, { "name": "paused" }]));
    assert_eq!(seen.data("bank"), &json!([]));
    assert_eq!(seen.data("known"), &json!({ "fullName": "shop/order@0.1.0" }));
    assert_eq!((seen.data("foreign"), seen.data("unknown")), (&Value::Null, &Value::Null));
    let viewer = service.token("viewer").await;
    let refused = service.ask(&viewer, text).await;
    assert_eq!((refused.status, refused.code()), (403, "FORBIDDEN"));
    assert_eq!(refused.missing(), ["tasker.handler:index", "tasker.handler:show"]);
}

async fn tasks_of_other_namespaces_have_no_diagram(place: Place) {
    let service = Service::start(place).await;
    let (admin, drawer) = (service.token("admin").await, service.token("drawer").await);
    let (shop, bank) = (service.create(&admin, "shop").await, service.create(&admin, "bank").await);
    let text = "query ($shop: ID!, $bank: ID!) { shop: taskDiagram(taskId: $shop) { taskId }
        bank: taskDiagram(taskId: $bank, format: SVG) { content } all: taskDiagrams { taskId } }";
    let seen = service.ask_with(&drawer, text, json!({ "shop": shop, "bank": bank })).await;
    assert_eq!(seen.data("shop"), &json!({ "taskId": shop }));
    assert_eq!(seen.data("bank"), &Value::Null);
    assert_eq!(seen.data("all"), &json!([{ "taskId": shop }]));
}

/// Not a step of the task, not a word about it, is to be had with it.
async fn a_drawing_needs_no_more_than_to_draw(place: Place) {
    let service = Service::start(place).await;
    let drawer = service.token("drawer").await;
    for (text, missing) in [
        ("{ tasks { diagram { content } } }", "tasker.task:index"),
        ("{ taskDiagrams(filter: { context: { path: \"a\", equals: 1 } }) { content } }", "tasker.task:show"),
    ] {
        assert_eq!(service.ask(&drawer, text).await.missing(), [missing]);
    }
    let operator = service.token("operator").await;
    let nested = service.ask(&operator, "{ tasks { diagram { content } } }").await;
    assert_eq!(nested.missing(), ["tasker.task_diagram:show"]);
}
