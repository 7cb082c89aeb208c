//! Which tokens are good, and what becomes of the others. Keys are made for each test; the RSA tokens beside this
//! file were signed by a key that was thrown away.

use axum::http::HeaderMap;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair},
};
use serde_json::{Value, json};

use super::*;
use crate::model::time::Timestamp;

const NOW: Timestamp = Timestamp(1_800_000_000_000_000);
const SOON: i64 = 1_800_000_060;
const RSA_KEY: &str = include_str!("rsa_public.pem");
const RSA_TOKENS: &str = include_str!("rsa_tokens.txt");

fn encoded(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

fn signed(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let message = format!("{}.{}", encoded(header), encoded(claims));
    let signature = sign(message.as_bytes());
    format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

fn hmac_with(secret: &[u8]) -> impl Fn(&[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    move |message| hmac::sign(&key, message).as_ref().to_vec()
}

fn claims() -> Value {
    json!({"sub": "ada", "roles": ["viewer"], "exp": SOON})
}

fn settings(algorithms: &[Algorithm], key: DecodingKey) -> JwtSettings {
    JwtSettings {
        algorithms: algorithms.to_vec(),
        keys: JwtKeys::One(key),
        issuers: Vec::new(),
        audiences: Vec::new(),
        leeway: Duration::ZERO,
        subject_claim: "sub".into(),
        roles_claim: "roles".into(),
        namespaces_claim: None,
    }
}

fn secret() -> [u8; 32] {
    rand::random()
}

fn hs256(secret: &[u8]) -> JwtSettings {
    settings(&[Algorithm::HS256], DecodingKey::from_secret(secret))
}

async fn show(settings: JwtSettings, token: &str) -> Result<Option<Subject>, Rejected> {
    let jwt = Jwt::new(settings, std::sync::Arc::new(|| NOW)).expect("it can be used");
    let mut headers = HeaderMap::new();
    headers.insert("authorization", format!("Bearer {token}").parse().expect("a header"));
    jwt.authenticate(&Credentials { headers, peer: None }).await
}

/// Under a good key: whether a header and claims are taken.
async fn taken(header: Value, claims: Value, change: impl FnOnce(&mut JwtSettings)) -> bool {
    let secret = secret();
    let mut settings = hs256(&secret);
    change(&mut settings);
    matches!(show(settings, &signed(&header, &claims, hmac_with(&secret))).await, Ok(Some(_)))
}

#[tokio::test]
async fn a_good_token_says_who_with_which_roles_and_until_when() {
    let secret = secret();
    let token = signed(&json!({"alg": "HS256"}), &claims(), hmac_with(&secret));
    let ada = Subject::named("ada").with_roles(["viewer"]).until(Timestamp(SOON * 1_000_000));
    assert_eq!(show(hs256(&secret), &token).await, Ok(Some(ada)));
}

#[tokio::test]
async fn another_key_or_a_changed_token_is_refused() {
    let secret = secret();
    let token = signed(&json!({"alg": "HS256"}), &claims(), hmac_with(&secret));
    assert!(show(hs256(&self::secret()), &token).await.is_err());
    let (message, signature) = token.rsplit_once('.').expect("three parts");
    let forged = encoded(&json!({"sub": "eve", "exp": SOON}));
    let header = message.split_once('.').expect("two parts").0;
    for token in [
        format!("{header}.{forged}.{signature}"),
        format!("{message}."),
        format!("{message}.AAAA"),
        format!("{message}.!"),
        "..".to_owned(),
        "a.b.c".to_owned(),
        format!("{}.{}.x", encoded(&json!({"alg": "HS256"})), encoded(&json!([]))),
    ] {
        assert!(show(hs256(&secret), &token).await.is_err(), "{token}");
    }
}

#[tokio::test]
async fn a_token_that_names_no_algorithm_or_another_is_refused() {
    for algorithm in ["none", "None", "NONE", "", "HS384", "RS256", "ES512"] {
        assert!(!taken(json!({"alg": algorithm}), claims(), |_| ()).await, "{algorithm}");
    }
    assert!(!taken(json!({}), claims(), |_| ()).await);
    let unsigned = format!("{}.{}.", encoded(&json!({"alg": "none"})), encoded(&claims()));
    assert!(show(hs256(&secret()), &unsigned).await.is_err());
}

#[tokio::test]
async fn a_public_key_is_never_taken_for_a_secret() {
    let key = || DecodingKey::from_rsa_pem(RSA_KEY.as_bytes()).expect("a key");
    let der = key().try_get_as_bytes().expect("bytes").to_vec();
    for secret in [RSA_KEY.as_bytes(), RSA_KEY.trim().as_bytes(), &der] {
        let token = signed(&json!({"alg": "HS256"}), &claims(), hmac_with(secret));
        assert!(show(settings(&[Algorithm::RS256], key()), &token).await.is_err());
        // Even if the configuration had let both in.
        assert!(show(settings(&[Algorithm::RS256, Algorithm::HS256], key()), &token).await.is_err());
    }
}

#[tokio::test]
async fn rsa_signatures_are_verified_each_by_its_algorithm() {
    use Algorithm::*;
    let all = [RS256, RS384, RS512, PS256, PS384, PS512];
    assert_eq!(RSA_TOKENS.lines().count(), all.len());
    for (token, own) in RSA_TOKENS.lines().zip(all) {
        for algorithm in all {
            let key = DecodingKey::from_rsa_pem(RSA_KEY.as_bytes()).expect("a key");
            let good = show(settings(&[algorithm], key), token).await.is_ok();
            assert_eq!(good, algorithm == own, "{own:?} as {algorithm:?}");
        }
        let changed = token.replacen("eyJzdWIi", "eyJzdWJi", 1);
        let key = DecodingKey::from_rsa_pem(RSA_KEY.as_bytes()).expect("a key");
        assert!(show(settings(&[own], key), &changed).await.is_err());
    }
}

#[tokio::test]
async fn curves_are_verified() {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
    let pair =
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).expect("a key");
    let sign = |message: &[u8]| pair.sign(&random, message).expect("signed").as_ref().to_vec();
    let key = || DecodingKey::from_ec_der(pair.public_key().as_ref());
    let token = signed(&json!({"alg": "ES256"}), &claims(), sign);
    assert!(show(settings(&[Algorithm::ES256], key()), &token).await.is_ok());
    assert!(show(settings(&[Algorithm::ES384], key()), &token).await.is_err());

    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&random).expect("a key");
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).expect("a key");
    let sign = |message: &[u8]| pair.sign(message).as_ref().to_vec();
    let key = || DecodingKey::from_ed_der(pair.public_key().as_ref());
    let token = signed(&json!({"alg": "EdDSA"}), &claims(), sign);
    assert!(show(settings(&[Algorithm::EdDSA], key()), &token).await.is_ok());
    assert!(show(settings(&[Algorithm::EdDSA], DecodingKey::from_ed_der(&[7; 32])), &token).await.is_err());
    assert!(show(settings(&[Algorithm::EdDSA], DecodingKey::from_ed_der(&[])), &token).await.is_err());
}

#[tokio::test]
async fn a_token_that_demands_an_extension_is_refused() {
    for crit in [json!(["b64"]), json!([])] {
        assert!(!taken(json!({"alg": "HS256", "crit": crit, "b64": false}), claims(), |_| ()).await);
    }
}

#[tokio::test]
async fn a_key_id_is_a_name_and_nothing_else() {
    for kid in ["../../dev/null", "' OR 1=1", "http://evil.example/key", ""] {
        let header = json!({"alg": "HS256", "kid": kid, "jku": "http://evil.example", "jwk": null});
        assert!(taken(header, claims(), |_| ()).await, "with one key it means nothing");
    }
    let header = json!({"alg": "HS256", "kid": {"a": 1}});
    assert!(!taken(header, claims(), |_| ()).await);
}

#[tokio::test]
async fn time_is_the_services() {
    let header = || json!({"alg": "HS256"});
    for (claims, good) in [
        (json!({"sub": "ada"}), false),
        (json!({"sub": "ada", "exp": 1_800_000_000}), false),
        (json!({"sub": "ada", "exp": 1_800_000_001}), true),
        (json!({"sub": "ada", "exp": SOON, "nbf": 1_800_000_001}), false),
        (json!({"sub": "ada", "exp": SOON, "nbf": 1_800_000_000}), true),
    ] {
        assert_eq!(taken(header(), claims.clone(), |_| ()).await, good, "{claims}");
    }
    let leeway = |settings: &mut JwtSettings| settings.leeway = Duration::from_secs(5);
    assert!(taken(header(), json!({"sub": "ada", "exp": 1_799_999_996}), leeway).await);
}

#[tokio::test]
async fn another_audience_or_none_is_refused_where_one_is_expected() {
    for (aud, good) in [
        (json!("tasker"), true),
        (json!(["other", "tasker"]), true),
        (json!("other"), false),
        (json!([]), false),
        (json!(7), false),
        (Value::Null, false),
    ] {
        let mut claims = claims();
        claims["aud"] = aud.clone();
        let expected = |settings: &mut JwtSettings| settings.audiences = vec!["tasker".into()];
        assert_eq!(taken(json!({"alg": "HS256"}), claims.clone(), expected).await, good, "{aud}");
    }
}

#[tokio::test]
async fn the_token_of_another_issuer_is_somebody_elses() {
    let secret = secret();
    for (iss, ours) in
        [(json!("us"), true), (json!("them"), false), (Value::Null, false), (json!(["us"]), false)]
    {
        let mut claims = claims();
        claims["iss"] = iss.clone();
        let settings = JwtSettings { issuers: vec!["us".into()], ..hs256(&secret) };
        let shown = show(settings, &signed(&json!({"alg": "HS256"}), &claims, hmac_with(&secret))).await;
        assert_eq!(shown.map(|subject| subject.is_some()), Ok(ours), "{iss}");
    }
}

#[tokio::test]
async fn a_huge_token_is_refused_unread_and_other_texts_are_somebody_elses() {
    let huge = format!("{}.b.c", "a".repeat(MOST_BYTES));
    assert!(show(hs256(&secret()), &huge).await.is_err());
    for other in ["nothing", "a.b", "a.b.c.d", "tasker_abc"] {
        assert_eq!(show(hs256(&secret()), other).await, Ok(None), "{other}");
    }
}

#[tokio::test]
async fn a_refusal_holds_nothing_of_the_token() {
    let secret = secret();
    let claims = json!({"sub": "hunter2\n", "exp": SOON, "roles": "hunter2"});
    let token = signed(&json!({"alg": "HS256", "kid": "hunter2"}), &claims, hmac_with(&secret));
    for settings in [hs256(&secret), hs256(&self::secret())] {
        let refusal = show(settings, &token).await.expect_err("it is refused").to_string();
        assert!(!refusal.contains("hunter2"), "{refusal}");
    }
}
