//! What is open ends with the credential it rests on, on whichever node that is withdrawn.

use futures_util::StreamExt;
use serde_json::{Value, json};
use tasker::{
    auth::Subject,
    orchestration::{Clock, api_tokens},
};

use super::{
    service::{PATIENCE, Service},
    socket::{hear, open, subscribe},
};
use crate::place::Place;

on_both_databases!(
    a_subscription_ends_when_its_token_is_revoked,
    an_event_stream_ends_when_its_token_is_revoked,
);

const EVENTS: &str = "subscription { workflowEvents { name } }";

async fn start(place: Place) -> Service {
    Service::start(place, json!([{ "type": "api_token" }])).await
}

/// As another node would, or the command line.
async fn revoke(service: &Service, token: uuid::Uuid) {
    let (nobody, now) = (Subject::anonymous(), Clock::System.now());
    let revoked = api_tokens::revoke(&service.database, &nobody, token, now).await;
    assert!(revoked.expect("it is stored").is_some());
}

async fn a_subscription_ends_when_its_token_is_revoked(place: Place) {
    let service = start(place).await;
    let ((good, _), (bad, token)) = (service.issue("admin").await, service.issue("admin").await);
    let mut sockets = Vec::new();
    for secret in [&good, &bad, &bad] {
        let mut socket =
            open(&service, json!({ "X-API-Token": secret.reveal() }), &[]).await.expect("it is good");
        subscribe(&mut socket, "1", EVENTS).await;
        sockets.push(socket);
    }
    service.until_subscriptions(3).await;
    revoke(&service, token.id).await;
    for socket in &mut sockets[1..] {
        let last = tokio::time::timeout(PATIENCE, hear(socket)).await.expect("it ends");
        let error = if last["type"] == "error" { &last["payload"][0] } else { &last["payload"]["errors"][0] };
        assert_eq!(error["extensions"]["code"], "UNAUTHENTICATED", "{last}");
    }
    // The other one goes on.
    service.until_subscriptions(1).await;
    subscribe(&mut sockets[0], "2", "{ __typename }").await;
    assert_eq!(hear(&mut sockets[0]).await["payload"], json!({ "data": { "__typename": "Query" } }));
}

async fn an_event_stream_ends_when_its_token_is_revoked(place: Place) {
    let service = start(place).await;
    let (secret, token) = service.issue("admin").await;
    let stream = service.stream(EVENTS, &[("X-API-Token", secret.reveal())]).await;
    service.until_subscriptions(1).await;
    revoke(&service, token.id).await;
    let heard =
        tokio::time::timeout(PATIENCE, stream.map(|piece| piece.expect("a piece")).collect::<Vec<_>>());
    let heard = heard.await.expect("it ends").concat();
    let heard = String::from_utf8(heard).expect("text");
    let event = heard.lines().find_map(|line| line.strip_prefix("data: {")).expect("an event");
    let event: Value = serde_json::from_str(&format!("{{{event}")).expect("JSON");
    assert_eq!(event["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{heard}");
    assert!(heard.ends_with("event: complete\ndata:\n\n"), "{heard}");
    service.until_subscriptions(0).await;
}
