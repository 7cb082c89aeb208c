//! Signed tokens against the whole service.

use serde_json::json;

use super::{
    issuer::{Issuer, Key, Mood},
    service::Service,
};
use crate::place::Place;

const LONG: u64 = 4_000_000_000;

#[tokio::test]
async fn a_signed_token_says_who_calls_and_a_bad_one_is_refused() {
    let key = Key::new("a");
    let issuer = Issuer::start(Mood::of(&[&key])).await;
    let jwt = json!({ "type": "jwt", "algorithms": ["EdDSA"], "jwks": issuer.url(), "audience": "tasker",
        "issuer": "us" });
    let service = Service::start(Place::sqlite(), json!([{ "type": "api_token" }, jwt])).await;

    let good =
        key.sign(&json!({ "sub": "ada", "roles": "admin", "exp": LONG, "aud": ["tasker"], "iss": "us" }));
    let query = r#"mutation { issueApiToken(input: { name: "worker", roles: ["worker"] }) { createdBy } }"#;
    let answer = service.ask(query, json!({}), &[("Authorization", &format!("Bearer {good}"))]).await;
    assert_eq!(answer.body["data"]["issueApiToken"]["createdBy"], "ada", "{}", answer.body);

    for claims in [
        json!({ "sub": "ada", "aud": "tasker", "iss": "us" }),
        json!({ "sub": "ada", "exp": 1, "aud": "tasker", "iss": "us" }),
        json!({ "sub": "ada", "exp": LONG, "nbf": LONG, "aud": "tasker", "iss": "us" }),
        json!({ "sub": "ada", "exp": LONG, "aud": "other", "iss": "us" }),
        json!({ "sub": "ada", "exp": LONG, "iss": "us" }),
        json!({ "sub": "ada", "exp": LONG, "aud": "tasker", "iss": "them" }),
        json!({ "exp": LONG, "aud": "tasker", "iss": "us" }),
    ] {
        assert!(!service.lets_in_bearer(&key.sign(&claims)).await, "{claims}");
    }
    assert!(!service.lets_in(&[("X-API-Token", &good)]).await, "that header is for other tokens");
}
