//! What callers show, for tests of an authenticator.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::hmac;
use serde_json::{Value, json};

use crate::auth::Credentials;

/// How long a signed token is good that does not say so itself.
const AN_HOUR: u64 = 3_600;

/// What a caller shows with these headers, from nowhere in particular.
///
/// # Panics
///
/// When that is no header.
#[track_caller]
pub fn credentials<const N: usize>(headers: [(&str, &str); N]) -> Credentials {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let parsed = (HeaderName::try_from(name), HeaderValue::try_from(value));
        let (Ok(name), Ok(value)) = parsed else { panic!("{name}: {value:?} is no header") };
        map.append(name, value);
    }
    Credentials { headers: map, peer: None }
}

/// A token (JWT) with these claims, signed with this secret by HS256. It is issued now and good for an hour, unless the
/// claims say otherwise.
///
/// # Panics
///
/// When the claims are no object.
#[track_caller]
pub fn signed_token(secret: &str, mut claims: Value) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let Some(own) = claims.as_object_mut() else { panic!("claims are an object, not {claims}") };
    own.entry("iat").or_insert_with(|| json!(now));
    own.entry("exp").or_insert_with(|| json!(now + AN_HOUR));
    let encoded = |part: &Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
    let message = format!("{}.{}", encoded(&json!({ "alg": "HS256", "typ": "JWT" })), encoded(&claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes()));
    format!("{message}.{signature}")
}
