//! Subscriptions: decided at the start, for each event, and again when the policy changes or the credential ends.

use std::{fs, time::Duration};

use serde_json::json;
use tasker::auth::Wanted;

use super::service::{POLICY, Service};
use crate::{graphql::ws::Socket, place::Place};

on_both_databases![
    a_subscriber_hears_of_what_it_may_see,
    a_forbidden_subscription_or_mutation_is_an_error_and_nothing_else,
    a_subscription_ends_with_the_permission,
    a_subscription_ends_with_the_credential,
];

const EVENTS: &str = "subscription ($c: String) { workflowEvents(after: $c) { name namespace } }";

async fn connect(service: &Service, token: &str) -> Socket {
    let mut socket = Socket::open(service.address).await;
    socket.send(json!({ "type": "connection_init", "payload": { "X-API-Token": token } })).await;
    socket.expect("connection_ack").await;
    socket
}

async fn a_subscriber_hears_of_what_it_may_see(place: Place) {
    let service = Service::start(place).await;
    let (admin, viewer) = (service.token("admin").await, service.token("viewer").await);
    let mut socket = connect(&service, &viewer).await;
    let from = service.ask(&viewer, "{ eventCursor }").await;
    socket.subscribe("1", EVENTS, json!({ "c": from.data("eventCursor") })).await;
    for _ in 0..3 {
        let foreign = service.create(&admin, "bank").await;
        service.settled(&admin, &foreign).await;
        service.create(&admin, "shop").await;
        loop {
            let event = socket.next().await["workflowEvents"].clone();
            assert_eq!(event["namespace"], "shop", "{event}");
            if event["name"] == "task.completed" {
                break;
            }
        }
    }
}

async fn a_forbidden_subscription_or_mutation_is_an_error_and_nothing_else(place: Place) {
    let service = Service::start(place).await;
    let (admin, viewer) = (service.token("admin").await, service.token("viewer").await);
    let task = service.create(&admin, "shop").await;
    service.settled(&admin, &task).await;
    let mut socket = connect(&service, &viewer).await;
    for (id, text) in [
        ("1", "subscription { workflowEvents { name payload } }".to_owned()),
        ("2", format!("subscription {{ taskUpdated(taskId: \"{task}\") {{ taskId }} }}")),
        ("3", format!("mutation {{ deleteTask(input: {{taskId: \"{task}\"}}) {{ taskId }} }}")),
    ] {
        socket.subscribe(id, &text, json!({})).await;
        let error = socket.expect("error").await;
        assert_eq!(error["payload"][0]["extensions"]["code"], "FORBIDDEN", "{error}");
    }
    assert_eq!(service.settled(&admin, &task).await, "COMPLETE");
}

async fn a_subscription_ends_with_the_permission(place: Place) {
    let service = Service::start(place).await;
    let (admin, viewer) = (service.token("admin").await, service.token("viewer").await);
    let mut socket = connect(&service, &viewer).await;
    let from = service.ask(&viewer, "{ eventCursor }").await;
    socket.subscribe("1", EVENTS, json!({ "c": from.data("eventCursor") })).await;
    // It has begun when it hears of something; from the cursor on, so that it does however late it begins.
    service.create(&admin, "shop").await;
    socket.next().await;
    let policy = service.app.policy().expect("a policy decides");
    fs::write(service.policy_file(), format!("{POLICY}\np, role:viewer, *, tasker.event, *, deny\n"))
        .expect("a file");
    policy.reload().expect("it is sound");
    service.create(&admin, "shop").await;
    let last = loop {
        let heard = socket.hear_message().await;
        if heard["payload"]["errors"].is_array() || heard["type"] != "next" {
            break heard;
        }
    };
    assert!(last.to_string().contains("FORBIDDEN"), "{last}");
}

async fn a_subscription_ends_with_the_credential(place: Place) {
    let service = Service::start(place).await;
    let expires_in = Some(Duration::from_secs(2));
    let wanted = Wanted { name: "ada".into(), roles: vec!["viewer".into()], expires_in, ..Wanted::default() };
    let token = service.issue(wanted).await;
    let mut socket = connect(&service, &token).await;
    socket.subscribe("1", EVENTS, json!({})).await;
    let last = socket.hear_message().await;
    assert!(last.to_string().contains("UNAUTHENTICATED"), "{last}");
}
