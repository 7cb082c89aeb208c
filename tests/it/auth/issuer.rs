//! An issuer of signed tokens that publishes its keys, well or badly.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair},
};
use serde_json::{Value, json};

/// A key, and its name.
pub struct Key {
    id: &'static str,
    pair: Ed25519KeyPair,
}

impl Key {
    pub fn new(id: &'static str) -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
        Self { id, pair: Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).expect("a key") }
    }

    /// A token of these claims.
    pub fn sign(&self, claims: &Value) -> String {
        let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", encode(&json!({ "alg": "EdDSA", "kid": self.id })), encode(claims));
        let signature = BASE64_URL_SAFE_NO_PAD.encode(self.pair.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }

    /// A token of Ada's that is good for long.
    pub fn token(&self) -> String {
        self.sign(&json!({ "sub": "ada", "roles": ["admin"], "exp": 4_000_000_000_u64 }))
    }

    fn published(&self) -> Value {
        let x = BASE64_URL_SAFE_NO_PAD.encode(self.pair.public_key());
        json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": self.id, "x": x })
    }
}

/// How it answers.
#[derive(Clone)]
pub enum Mood {
    Publishes(Value),
    /// Not even JSON.
    Says(&'static [u8]),
    Redirects(String),
    Hangs,
    Fails,
    IsEndless,
}

impl Mood {
    pub fn of(keys: &[&Key]) -> Self {
        Self::Publishes(json!({ "keys": keys.iter().map(|key| key.published()).collect::<Vec<_>>() }))
    }
}

#[derive(Clone)]
pub struct Issuer {
    mood: Arc<Mutex<Mood>>,
    asked: Arc<AtomicUsize>,
    address: std::net::SocketAddr,
}

impl Issuer {
    pub async fn start(mood: Mood) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let issuer = Self { mood: Arc::new(Mutex::new(mood)), asked: Arc::default(), address };
        let router = Router::new().route("/jwks", get(answer)).with_state(issuer.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        issuer
    }

    pub fn url(&self) -> String {
        format!("http://{}/jwks", self.address)
    }

    pub fn becomes(&self, mood: Mood) {
        *self.mood.lock().expect("unpoisoned") = mood;
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn answer(State(issuer): State<Issuer>) -> axum::response::Response {
    issuer.asked.fetch_add(1, Ordering::SeqCst);
    let mood = issuer.mood.lock().expect("unpoisoned").clone();
    match mood {
        Mood::Publishes(keys) => axum::Json(keys).into_response(),
        Mood::Says(bytes) => bytes.into_response(),
        Mood::Redirects(to) => (StatusCode::TEMPORARY_REDIRECT, [("location", to)]).into_response(),
        Mood::Hangs => std::future::pending().await,
        Mood::Fails => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Mood::IsEndless => " ".repeat(3 << 20).into_response(),
    }
}
