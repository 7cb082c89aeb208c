//! Keys that an issuer publishes: rotated, late, or not at all. No request ever waits for them.

use serde_json::{Value, json};

use super::{
    issuer::{Issuer, Key, Mood},
    service::Service,
};
use crate::place::Place;

async fn trusting(issuer: &Issuer, pace: Value) -> Service {
    let mut jwt = json!({ "type": "jwt", "algorithms": ["EdDSA"], "jwks": issuer.url() });
    for (key, value) in pace.as_object().expect("keys") {
        jwt[key] = value.clone();
    }
    Service::start(Place::sqlite(), json!([jwt])).await
}

#[tokio::test]
async fn the_first_caller_finds_the_keys() {
    let key = Key::new("a");
    let issuer = Issuer::start(Mood::of(&[&key])).await;
    let service = trusting(&issuer, json!({})).await;
    assert!(service.lets_in_bearer(&key.token()).await);
    assert!(!service.lets_in_bearer(&Key::new("a").token()).await, "another key of that name");
}

#[tokio::test]
async fn a_new_key_is_fetched_when_a_token_names_it_and_an_old_one_is_good_no_more() {
    let (old, new) = (Key::new("old"), Key::new("new"));
    let issuer = Issuer::start(Mood::of(&[&old])).await;
    let service = trusting(&issuer, json!({ "jwks_cooldown": "0s" })).await;
    assert!(service.lets_in_bearer(&old.token()).await);
    issuer.becomes(Mood::of(&[&new]));
    service.until(&new.token(), true).await;
    assert!(!service.lets_in_bearer(&old.token()).await);
}

#[tokio::test]
async fn tokens_with_made_up_keys_do_not_make_it_ask_more_often() {
    let key = Key::new("a");
    let issuer = Issuer::start(Mood::of(&[&key])).await;
    let service = trusting(&issuer, json!({ "jwks_cooldown": "1h" })).await;
    for _ in 0..20 {
        assert!(!service.lets_in_bearer(&Key::new("made-up").token()).await);
    }
    assert!(service.lets_in_bearer(&key.token()).await);
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn an_issuer_that_hangs_or_fails_lets_nobody_in_until_it_answers() {
    let key = Key::new("a");
    for mood in [Mood::Hangs, Mood::Fails, Mood::IsEndless, Mood::Publishes(json!({ "keys": 7 }))] {
        let issuer = Issuer::start(mood).await;
        let pace = json!({ "jwks_timeout": "100ms", "jwks_refresh": "100ms", "jwks_cooldown": "0s" });
        let service = trusting(&issuer, pace).await;
        assert!(!service.lets_in_bearer(&key.token()).await);
        assert!(service.lets_in(&[]).await, "who shows nothing is not concerned");
        issuer.becomes(Mood::of(&[&key]));
        service.until(&key.token(), true).await;
    }
}

#[tokio::test]
async fn keys_stay_good_while_the_issuer_is_away() {
    let key = Key::new("a");
    let issuer = Issuer::start(Mood::of(&[&key])).await;
    let service = trusting(&issuer, json!({ "jwks_refresh": "100ms", "jwks_cooldown": "0s" })).await;
    issuer.becomes(Mood::Fails);
    let before = issuer.asked();
    while issuer.asked() < before + 2 {
        assert!(service.lets_in_bearer(&key.token()).await);
    }
}

#[tokio::test]
async fn keys_that_are_too_old_are_good_no_more() {
    let key = Key::new("a");
    let issuer = Issuer::start(Mood::of(&[&key])).await;
    let pace = json!({ "jwks_refresh": "500ms", "jwks_max_age": "500ms" });
    let service = trusting(&issuer, pace).await;
    issuer.becomes(Mood::Hangs);
    service.until(&key.token(), false).await;
}

#[tokio::test]
async fn nonsense_is_no_key_and_takes_none_away() {
    let (key, secret) = (Key::new("a"), json!({ "kty": "oct", "kid": "a", "alg": "HS256", "k": "c2VjcmV0" }));
    let issuer = Issuer::start(Mood::of(&[&key])).await;
    let service = trusting(&issuer, json!({ "jwks_refresh": "100ms", "jwks_cooldown": "0s" })).await;
    for mood in [
        Mood::Says(b"<html>"),
        Mood::Says(b"\xff\xfe{\"keys\": []}"),
        Mood::Says(b""),
        Mood::Publishes(json!([])),
        Mood::Publishes(json!({ "keys": [] })),
        Mood::Publishes(json!({ "keys": [secret] })),
        Mood::Publishes(json!({ "keys": vec![json!({}); 1_000] })),
    ] {
        issuer.becomes(mood);
        let before = issuer.asked();
        while issuer.asked() < before + 2 {
            assert!(service.lets_in_bearer(&key.token()).await);
        }
        assert!(!service.lets_in_bearer(&Key::new("a").token()).await);
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let key = Key::new("a");
    let elsewhere = Issuer::start(Mood::of(&[&key])).await;
    let issuer = Issuer::start(Mood::Redirects(elsewhere.url())).await;
    let service = trusting(&issuer, json!({ "jwks_refresh": "100ms", "jwks_cooldown": "0s" })).await;
    let before = issuer.asked();
    while issuer.asked() < before + 2 {
        assert!(!service.lets_in_bearer(&key.token()).await);
    }
    assert_eq!(elsewhere.asked(), 0, "whoever could redirect could also replace the keys");
    issuer.becomes(Mood::of(&[&key]));
    service.until(&key.token(), true).await;
}
