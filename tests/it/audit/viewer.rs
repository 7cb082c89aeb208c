//! Who calls, and what it may do.

use serde_json::json;

use crate::{gate::service::Service, place::Place};

on_both_databases![the_viewer_sees_itself, nobody_has_to_sign_in_to_see_nothing];

const VIEWER: &str = "{ viewer { subject roles expiresAt permissions { permission namespaces { only except } own { only } } } }";

async fn the_viewer_sees_itself(place: Place) {
    let service = Service::start(place).await;
    let operator = service.ask(&service.token("operator").await, VIEWER).await;
    let viewer = operator.data("viewer");
    assert_eq!((&viewer["subject"], &viewer["roles"]), (&json!("operator"), &json!(["operator"])));
    let held = viewer["permissions"].as_array().expect("a list");
    let show = held.iter().find(|one| one["permission"] == "tasker.task:show").expect("it may show tasks");
    assert_eq!(show["namespaces"], json!({ "only": ["bank", "shop"], "except": [] }));
    let shutout = service.ask(&service.token("shutout").await, VIEWER).await;
    let show = &shutout.data("viewer")["permissions"][0];
    assert_eq!(show["namespaces"], json!({ "only": null, "except": ["bank"] }));
}

async fn nobody_has_to_sign_in_to_see_nothing(place: Place) {
    let service = Service::start(place).await;
    let answer = service.ask("", VIEWER).await;
    assert_eq!((answer.status, answer.code()), (401, "UNAUTHENTICATED"), "{}", answer.body);
}
