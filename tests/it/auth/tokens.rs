//! Tokens of the service, on both databases.

use std::time::Duration;

use serde_json::{Value, json};
use tasker::{
    auth::{Secret, Subject},
    data::api_tokens as stored,
    model::time::Timestamp,
    orchestration::{Clock, api_tokens},
};

use super::service::Service;
use crate::place::Place;

const ISSUE: &str = "mutation ($input: IssueApiTokenInput!) { issueApiToken(input: $input) {
    tokenId name roles namespaces handlerClasses secret createdBy expiresAt revokedAt lastUsedAt } }";
const LIST: &str = "{ apiTokens { tokenId name secret revokedAt } }";
const REVOKE: &str =
    "mutation ($input: RevokeApiTokenInput!) { revokeApiToken(input: $input) { tokenId secret revokedAt } }";

async fn start(place: Place) -> Service {
    Service::start(place, json!([{ "type": "api_token" }])).await
}

async fn a_token_signs_in_by_either_header_until_it_is_revoked(place: Place) {
    let service = start(place).await;
    let (secret, token) = service.issue("admin").await;
    assert!(service.lets_in_bearer(secret.reveal()).await);
    assert!(service.lets_in(&[("X-API-Token", secret.reveal())]).await);
    let nobody = Subject::anonymous();
    let revoked = api_tokens::revoke(&service.database, &nobody, token.id, Clock::System.now());
    assert!(revoked.await.expect("it is stored").expect("it is known").revoked_at.is_some());
    service.until(secret.reveal(), false).await;
}

async fn no_credential_is_nobody_and_a_bad_one_is_refused(place: Place) {
    let service = start(place).await;
    let (good, _) = service.issue("admin").await;
    let (expired, _) = service.issue_at("admin", Some(Duration::from_secs(1)), Timestamp(0)).await;
    assert!(service.lets_in(&[]).await);
    let bearer = |token: &str| format!("Bearer {token}");
    let unknown = Secret::generate();
    for shown in [
        vec![("Authorization", bearer(expired.reveal()))],
        vec![("Authorization", bearer(unknown.reveal()))],
        vec![("Authorization", bearer(&good.reveal()[..54]))],
        vec![("Authorization", bearer("nothing"))],
        vec![("Authorization", "Bearer".into())],
        vec![("Authorization", "Basic YWRhOnB3".into())],
        vec![("Authorization", bearer(good.reveal())), ("Authorization", bearer(good.reveal()))],
        vec![("Authorization", bearer(good.reveal())), ("X-API-Token", unknown.reveal().into())],
        vec![("X-API-Token", String::new())],
    ] {
        let shown: Vec<(&str, &str)> = shown.iter().map(|(name, value)| (*name, value.as_str())).collect();
        for media in ["application/json", "application/graphql-response+json", "text/event-stream"] {
            let answer = service.ask_for(media, "{ __typename }", json!({}), &shown).await;
            assert!(answer.is_refused(), "{} {}", answer.status, answer.body);
            assert_eq!(answer.challenge.as_deref(), Some("Bearer realm=\"tasker\""));
            assert!(!answer.body.to_string().contains("tasker_"), "{}", answer.body);
        }
    }
}

async fn a_token_is_issued_listed_and_revoked_and_its_secret_is_shown_once(place: Place) {
    let service = start(place).await;
    let (admin, _) = service.issue("admin").await;
    let shown = [("X-API-Token", admin.reveal())];
    let input = json!({ "name": "worker", "roles": ["worker"], "namespaces": ["default"],
        "handlerClasses": ["Charge"], "expiresInSeconds": 3600.0 });
    let issued =
        service.ask(ISSUE, json!({ "input": input }), &shown).await.body["data"]["issueApiToken"].take();
    assert_eq!(issued["createdBy"], "ada");
    assert_eq!(issued["roles"], json!(["worker"]));
    assert_eq!(issued["namespaces"], json!(["default"]));
    assert_eq!(issued["handlerClasses"], json!(["Charge"]));
    assert!(issued["expiresAt"].is_string() && issued["revokedAt"].is_null());
    let secret = issued["secret"].as_str().expect("the secret").to_owned();
    assert!(service.lets_in_bearer(&secret).await);

    let listed = service.ask(LIST, json!({}), &shown).await.body["data"]["apiTokens"].take();
    let names: Vec<&Value> = listed.as_array().expect("a list").iter().map(|token| &token["name"]).collect();
    assert_eq!(names, ["worker", "ada"]);
    assert!(listed[0]["secret"].is_null());

    let input = json!({ "input": { "tokenId": issued["tokenId"] } });
    let revoked = service.ask(REVOKE, input.clone(), &shown).await.body["data"]["revokeApiToken"].take();
    assert!(revoked["revokedAt"].is_string() && revoked["secret"].is_null());
    let again = service.ask(REVOKE, input, &shown).await.body["data"]["revokeApiToken"].take();
    assert_eq!(again, revoked, "a second time changes nothing");
    service.until(&secret, false).await;

    let unknown = json!({ "input": { "tokenId": uuid::Uuid::now_v7() } });
    assert_eq!(service.ask(REVOKE, unknown, &shown).await.code(), "NOT_FOUND");
}

async fn what_is_no_role_is_refused_when_a_token_is_issued(place: Place) {
    let service = start(place).await;
    let (admin, _) = service.issue("admin").await;
    for roles in [json!(["tasks:creat"]), json!(["tasker.task:create"]), json!(["role:viewer"]), json!([])] {
        let input = json!({ "input": { "name": "worker", "roles": roles } });
        let answer = service.ask(ISSUE, input, &[("X-API-Token", admin.reveal())]).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT", "{}", answer.body);
    }
    assert_eq!(stored::list(&service.database, 10, 0).await.expect("a list").len(), 1);
}

async fn the_use_of_a_token_is_noted(place: Place) {
    let service = start(place).await;
    let (secret, token) = service.issue("admin").await;
    assert_eq!(token.last_used_at, None);
    assert!(service.lets_in_bearer(secret.reveal()).await);
    let noted = async {
        while stored::find(&service.database, token.id)
            .await
            .expect("readable")
            .expect("it")
            .last_used_at
            .is_none()
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), noted).await.expect("it is noted");
}

async fn the_use_of_a_token_is_written_once_a_minute(place: Place) {
    let service = start(place).await;
    let (_, token) = service.issue("admin").await;
    let minute = Duration::from_secs(60);
    for (at, expected) in [(100, 100), (130, 100), (159, 100), (160, 160)] {
        let now = Timestamp(at * 1_000_000);
        stored::used(&service.database, token.id, now, minute).await.expect("it is stored");
        let row = stored::find(&service.database, token.id).await.expect("readable").expect("it");
        assert_eq!(row.last_used_at, Some(expected * 1_000_000));
    }
}

on_both_databases!(
    a_token_signs_in_by_either_header_until_it_is_revoked,
    no_credential_is_nobody_and_a_bad_one_is_refused,
    a_token_is_issued_listed_and_revoked_and_its_secret_is_shown_once,
    what_is_no_role_is_refused_when_a_token_is_issued,
    the_use_of_a_token_is_noted,
    the_use_of_a_token_is_written_once_a_minute,
);
