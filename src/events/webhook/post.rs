//! One try of one delivery.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use reqwest::{
    Client, RequestBuilder, StatusCode, Url,
    header::{CONTENT_TYPE, HeaderMap},
};
use ring::hmac;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    config::subscribers::{Secret, WebhookSettings},
    events::WorkflowEvent,
    outbound::{Guard, causes, drain, retry_after},
};

/// Nobody is believed who wants a longer pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

/// Sends events to one receiver.
pub struct Post {
    name: Arc<str>,
    client: Client,
    guard: Guard,
    url: Secret<Url>,
    headers: HeaderMap,
    key: Option<hmac::Key>,
}

/// A delivery that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Why; without the address and without what is secret.
    pub why: String,
    /// How long to wait, where the receiver said.
    pub retry_after: Option<Duration>,
    /// Whether it wants fewer deliveries altogether.
    pub too_many: bool,
    /// Whether it did not answer in time.
    pub timed_out: bool,
}

impl Post {
    /// For the webhook called `name`.
    pub fn new(name: &str, settings: &WebhookSettings) -> Result<Self, reqwest::Error> {
        Self::guarded(name, settings, Guard::new(settings.allow_private_networks))
    }

    /// The same, with a guard that resolves names in its own way.
    pub fn guarded(name: &str, settings: &WebhookSettings, guard: Guard) -> Result<Self, reqwest::Error> {
        // A second installation changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = guard
            .client()
            .user_agent(concat!("tasker/", env!("CARGO_PKG_VERSION")))
            .timeout(settings.timeout)
            .pool_max_idle_per_host(settings.concurrency)
            .build()?;
        let key = settings.secret.as_ref();
        let key = key.map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret.reveal().as_bytes()));
        let (url, headers) = (settings.url.clone(), settings.headers.0.clone());
        Ok(Self { name: name.into(), client, guard, url, headers, key })
    }

    /// Sends it once.
    pub async fn send(&self, event: &WorkflowEvent) -> Result<(), Refused> {
        self.guard.check(self.url.reveal()).map_err(|error| Refused::because(error.to_string()))?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let answer = self.request(event, now.as_secs()).send().await.map_err(|error| Refused::by(&error))?;
        let status = answer.status();
        let retry_after = retry_after(answer.headers(), now).map(|pause| pause.min(LONGEST_PAUSE));
        drain(answer).await;
        if status.is_success() {
            return Ok(());
        }
        let hint = if status.is_redirection() {
            ", and redirects are not followed: give the address it leads to"
        } else {
            ""
        };
        let too_many = status == StatusCode::TOO_MANY_REQUESTS;
        let why = format!("the receiver answered {status}{hint}");
        Err(Refused { retry_after, too_many, ..Refused::because(why) })
    }

    fn request(&self, event: &WorkflowEvent, timestamp: u64) -> RequestBuilder {
        let body = event.to_json().to_string();
        let mut request = self
            .client
            .post(self.url.reveal().clone())
            .headers(self.headers.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("X-Tasker-Event", event.name())
            .header("X-Tasker-Delivery", delivery_id(&self.name, event.id()).to_string())
            .header("X-Tasker-Timestamp", timestamp);
        if let Some(key) = &self.key {
            request = request.header("X-Tasker-Signature", sign(key, timestamp, &body));
        }
        request.body(body)
    }
}

impl Refused {
    fn because(why: String) -> Self {
        Self { why, retry_after: None, too_many: false, timed_out: false }
    }

    /// The library's error holds the address, which may hold a secret.
    fn by(error: &reqwest::Error) -> Self {
        if error.is_timeout() {
            return Self { timed_out: true, ..Self::because("no answer in time".to_owned()) };
        }
        let why = if error.is_connect() { "no connection" } else { "the request failed" };
        Self::because(format!("{why}{}", causes(error)))
    }
}

/// What a delivery is called, whenever and by whichever node it is tried.
pub fn delivery_id(webhook: &str, event: Uuid) -> Uuid {
    let digest = Sha256::new().chain_update(webhook).chain_update([0]).chain_update(event).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// The value of `X-Tasker-Signature`: HMAC-SHA256 over the timestamp, a dot and the body.
pub fn signature(secret: &str, timestamp: u64, body: &str) -> String {
    sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), timestamp, body)
}

fn sign(key: &hmac::Key, timestamp: u64, body: &str) -> String {
    let mut context = hmac::Context::with_key(key);
    context.update(timestamp.to_string().as_bytes());
    context.update(b".");
    context.update(body.as_bytes());
    format!("sha256={}", hex::encode(context.sign()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_what_anybody_can_compute() {
        // printf '1700000000.{}' | openssl dgst -sha256 -hmac 0123456789abcdef
        let expected = "sha256=e4f8e2ecae2295b2ddb2f0b5584c8275e226c0ebe9b3b819e70156bb67122e3e";
        assert_eq!(signature("0123456789abcdef", 1_700_000_000, "{}"), expected);
    }

    #[test]
    fn a_delivery_has_one_id_for_each_webhook_and_event() {
        let event = Uuid::from_u128(7);
        assert_eq!(delivery_id("a", event), delivery_id("a", event));
        assert_ne!(delivery_id("a", event), delivery_id("b", event));
        assert_ne!(delivery_id("a", event), delivery_id("a", Uuid::from_u128(8)));
    }
}
