//! What a caller shows, in the headers it shows it in. It is refused with a sentence that holds nothing of it, or it is
//! a token that was signed here for somebody, until later.
//!
//! The first byte says how the others are shown: as headers as they are, as a token with a signature of their own, or
//! as the claims, or header and claims, of a token that is signed well.

use std::sync::{Arc, LazyLock};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::hmac;
use serde_json::{Value, json};
use tasker::{
    auth::{
        ApiToken, Authenticator, Chain, Credentials, Jwt, Now, Rejected, StoreError, StoredToken, Subject,
        TokenHash, TokenStore,
    },
    config::{Authentication, SignIn},
    model::time::Timestamp,
};
use tokio::runtime::Runtime;
use uuid::Uuid;

const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

/// Made up when it starts, so that no corpus knows it.
static SECRET: LazyLock<String> = LazyLock::new(|| {
    let mut bytes = [0_u8; 32];
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut bytes).expect("random bytes");
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
});

static WORLD: LazyLock<(Runtime, Chain)> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let chain = runtime.block_on(async { chain() });
    (runtime, chain)
});

/// Knows no token.
struct Empty;

#[tasker::async_trait]
impl TokenStore for Empty {
    async fn find(&self, _: &TokenHash) -> Result<Option<StoredToken>, StoreError> {
        Ok(None)
    }

    async fn withdrawn(&self, tokens: &[Uuid]) -> Result<Vec<Uuid>, StoreError> {
        Ok(tokens.to_vec())
    }

    async fn used(&self, _: Uuid, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }
}

fn chain() -> Chain {
    let written = json!({ "enabled": true, "authenticators": [
        { "type": "jwt", "algorithms": ["HS256"], "secret": *SECRET, "issuer": "us", "audience": "tasker" },
    ] });
    let settings: Authentication = serde_json::from_value(written).expect("settings");
    let read = settings.read(std::path::Path::new(".")).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let now: Now = Arc::new(|| NOW);
    let tokens = Arc::new(ApiToken::new(Arc::new(Empty), now.clone())) as Arc<dyn Authenticator>;
    let signed = read.into_iter().map(|one| match one {
        SignIn::Jwt(settings) => {
            Arc::new(Jwt::new(*settings, now.clone()).expect("a key")) as Arc<dyn Authenticator>
        }
        SignIn::ApiToken | SignIn::Proxy(_) => unreachable!("only one is written"),
    });
    Chain::new(signed.chain([tokens]))
}

pub fn check(bytes: &[u8]) {
    let Some((mode, rest)) = bytes.split_first() else { return };
    let mut headers = HeaderMap::new();
    match mode % 4 {
        // One to a line: `a` is shown as Authorization, anything else as X-API-Token.
        0 => {
            for line in rest.split(|byte| *byte == b'\n') {
                let (name, value) = line.split_first().unwrap_or((&b't', b""));
                let name = if *name == b'a' { "authorization" } else { "x-api-token" };
                let Ok(value) = HeaderValue::from_bytes(value) else { return };
                headers.append(HeaderName::from_static(name), value);
            }
            assert!(ask(headers).is_err(), "nobody has issued a token");
        }
        1 => {
            let Ok(value) = HeaderValue::from_bytes(&[b"Bearer ", rest].concat()) else { return };
            headers.insert("authorization", value);
            assert!(ask(headers).is_err(), "nobody has signed it");
        }
        form => {
            let (header, claims) = match rest.iter().position(|byte| *byte == 0).filter(|_| form == 3) {
                Some(at) => (&rest[..at], &rest[at + 1..]),
                None => (&br#"{"alg":"HS256"}"#[..], rest),
            };
            let token = signed(header, claims);
            headers.insert("authorization", format!("Bearer {token}").parse().expect("printable"));
            if let Ok(subject) = ask(headers) {
                is_as_signed(&subject, header, claims);
            }
        }
    }
}

fn ask(headers: HeaderMap) -> Result<Subject, Rejected> {
    let (runtime, chain) = &*WORLD;
    let answer = runtime.block_on(chain.authenticate(&Credentials { headers, peer: None }));
    if let Err(rejected) = &answer {
        let said = rejected.to_string();
        assert!(!said.is_empty() && !said.contains(|c: char| c.is_control()), "{said:?}");
    }
    answer
}

fn signed(header: &[u8], claims: &[u8]) -> String {
    let encoded = [header, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part)).join(".");
    let secret = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let signature = hmac::sign(&secret, encoded.as_bytes());
    format!("{encoded}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

/// Nothing was believed that is not written.
fn is_as_signed(subject: &Subject, header: &[u8], claims: &[u8]) {
    let header: Value = serde_json::from_slice(header).expect("it was read");
    let claims: Value = serde_json::from_slice(claims).expect("it was read");
    assert_eq!(header["alg"], "HS256");
    assert_eq!(subject.name().map(|name| &**name), claims["sub"].as_str(), "{claims}");
    assert!(!subject.is_anonymous() && claims["iss"] == "us", "{claims}");
    let for_us = |audience: &Value| audience == "tasker";
    assert!(
        for_us(&claims["aud"]) || claims["aud"].as_array().is_some_and(|all| all.iter().any(for_us)),
        "{claims}"
    );
    let now = 1_800_000_000.0;
    assert!(claims["exp"].as_f64().is_some_and(|end| end > now), "{claims}");
    assert!(
        claims.get("nbf").is_none_or(|begin| begin.as_f64().is_some_and(|begin| begin <= now)),
        "{claims}"
    );
    for role in subject.roles() {
        assert!(
            claims["roles"]
                .to_string()
                .contains(serde_json::to_string(role).expect("text").trim_matches('"'))
        );
    }
}
