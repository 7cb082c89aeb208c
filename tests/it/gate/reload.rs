//! A changed policy is in force at once, whole or not at all.

use std::fs;

use serde_json::json;

use super::service::{POLICY, Service};
use crate::place::Place;

on_both_databases![a_reloaded_policy_decides_from_then_on, a_broken_policy_changes_nothing];

async fn a_reloaded_policy_decides_from_then_on(place: Place) {
    let service = Service::start(place).await;
    let (admin, viewer) = (service.token("admin").await, service.token("viewer").await);
    service.create(&admin, "bank").await;
    let list = "{ tasks { namespace } }";
    assert_eq!(service.ask(&viewer, list).await.data("tasks"), &json!([]));
    let policy = service.app.policy().expect("a policy decides");
    fs::write(service.policy_file(), format!("{POLICY}\np, role:viewer, bank, tasker.task, index, allow\n"))
        .expect("a file");
    policy.reload().expect("it is sound");
    assert_eq!(service.ask(&viewer, list).await.data("tasks"), &json!([{ "namespace": "bank" }]));
    fs::write(service.policy_file(), format!("{POLICY}\np, role:viewer, *, tasker.task, *, deny\n"))
        .expect("a file");
    policy.reload().expect("it is sound");
    assert_eq!(service.ask(&viewer, list).await.missing(), ["tasker.task:index"]);
}

async fn a_broken_policy_changes_nothing(place: Place) {
    let service = Service::start(place).await;
    let viewer = service.token("viewer").await;
    let policy = service.app.policy().expect("a policy decides");
    for broken in ["", "p, role:viewer, *, tasker.tusk, index, allow\n", "p, role:viewer\n"] {
        fs::write(service.policy_file(), broken).expect("a file");
        assert!(policy.reload().is_err(), "{broken:?}");
        assert_eq!(service.ask(&viewer, "{ tasks { taskId } }").await.data("tasks"), &json!([]));
    }
}
