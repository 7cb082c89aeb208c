//! A gateway in front, and those who only pretend to be one.

use serde_json::json;

use super::service::Service;
use crate::place::Place;

const ISSUE: &str =
    r#"mutation { issueApiToken(input: { name: "worker", roles: ["worker"] }) { createdBy } }"#;

async fn behind(peer: &str) -> Service {
    let proxy = json!({ "type": "proxy", "trusted_peers": [peer] });
    Service::start(Place::sqlite(), json!([{ "type": "api_token" }, proxy])).await
}

#[tokio::test]
async fn a_trusted_peer_says_who_calls() {
    let service = behind("127.0.0.0/8").await;
    let shown = [("X-Forwarded-User", "ada"), ("X-Forwarded-Groups", "admin")];
    let answer = service.ask(ISSUE, json!({}), &shown).await;
    assert_eq!(answer.body["data"]["issueApiToken"]["createdBy"], "ada", "{}", answer.body);
}

#[tokio::test]
async fn its_header_from_anyone_else_is_refused_even_beside_a_good_credential() {
    let service = behind("10.0.0.1").await;
    let (secret, _) = service.issue("viewer").await;
    assert!(service.lets_in_bearer(secret.reveal()).await);
    for header in [("X-Forwarded-User", "ada"), ("X-Forwarded-Groups", "admin")] {
        assert!(!service.lets_in(&[header]).await);
        assert!(!service.lets_in(&[header, ("X-API-Token", secret.reveal())]).await);
    }
}
