//! A webhook's own keys.

use std::{fmt, time::Duration};

use reqwest::{
    Url,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde_json::Value;

use super::reader::Entry;
use crate::model::template::document::{kind, text};

pub(super) const KEYS: [&str; 12] = [
    "url",
    "secret",
    "headers",
    "timeout",
    "allow_private_networks",
    "concurrency",
    "backoff",
    "max_backoff",
    "park_after",
    "parked_backoff",
    "max_parked_backoff",
    "give_up_after",
];

/// A signature with less could be guessed.
const LEAST_SECRET: usize = 16;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

/// Where events are sent, and how hard it is tried.
#[derive(Debug, Clone, PartialEq)]
pub struct WebhookSettings {
    /// Where to. It may hold a secret.
    pub url: Secret<Url>,
    /// What deliveries are signed with.
    pub secret: Option<Secret<String>>,
    /// Sent along.
    pub headers: Headers,
    /// For one try, until the answer is there.
    pub timeout: Duration,
    /// Whether addresses of private networks and of this machine are tried.
    pub allow_private_networks: bool,
    /// Tries at the same time; those of one task follow on each other.
    pub concurrency: usize,
    /// Before the second try of a delivery; doubles with each failure.
    pub backoff: Duration,
    /// At most.
    pub max_backoff: Duration,
    /// Failures in a row after which a task's deliveries are parked.
    pub park_after: u32,
    /// Before a parked delivery is tried again; doubles with each failure.
    pub parked_backoff: Duration,
    /// At most.
    pub max_parked_backoff: Duration,
    /// How long a delivery is parked before it is dropped, and recorded.
    pub give_up_after: Duration,
}

/// A value that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T>(T);

/// Names and values, the values never printed.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Headers(pub HeaderMap);

impl<T> Secret<T> {
    /// Keeps it.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, to be used.
    pub const fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

/// Reads them, or reports what is wrong.
pub(super) fn read(entry: &Entry<'_>) -> Option<WebhookSettings> {
    let (url, secret, headers) = (url(entry), secret(entry), headers(entry));
    let long = Duration::from_millis(1)..=DAY;
    let timeout = entry.duration("timeout", 10 * SECOND, Duration::from_millis(10)..=300 * SECOND);
    let private = entry.boolean("allow_private_networks", false);
    let concurrency = entry.integer("concurrency", 16, 1..=256);
    let backoff = entry.duration("backoff", SECOND, long.clone());
    let max_backoff = entry.duration("max_backoff", 60 * SECOND, long.clone());
    let park_after = entry.integer("park_after", 5, 1..=1_000);
    let parked_backoff = entry.duration("parked_backoff", 60 * SECOND, long.clone());
    let max_parked_backoff = entry.duration("max_parked_backoff", 3_600 * SECOND, long);
    let give_up_after = entry.duration("give_up_after", 3 * DAY, Duration::from_millis(1)..=365 * DAY);
    Some(WebhookSettings {
        url: url?,
        secret: secret?,
        headers: headers?,
        timeout: timeout?,
        allow_private_networks: private?,
        concurrency: concurrency?,
        backoff: backoff?,
        max_backoff: max_backoff?,
        park_after: park_after.and_then(|number| number.try_into().ok())?,
        parked_backoff: parked_backoff?,
        max_parked_backoff: max_parked_backoff?,
        give_up_after: give_up_after?,
    })
}

fn url(entry: &Entry<'_>) -> Option<Secret<Url>> {
    if !entry.has("url") {
        return entry.wrong("url", "is missing: say where the events are sent");
    }
    let url = entry.text("url")?.parse::<Url>().ok();
    let is_usable = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    match url.filter(is_usable) {
        Some(url) => Some(Secret::new(url)),
        // What it stands for may hold a secret.
        None => entry.wrong("url", "expected an address such as `https://hooks.example.com/tasker`"),
    }
}

/// None is allowed: not every receiver checks, and some know who sends by a header.
#[expect(clippy::option_option, reason = "nothing given is right, and something wrong is not")]
fn secret(entry: &Entry<'_>) -> Option<Option<Secret<String>>> {
    if !entry.has("secret") {
        return Some(None);
    }
    let secret = entry.text("secret")?;
    if secret.len() < LEAST_SECRET {
        let message = format!(
            "is shorter than {LEAST_SECRET} bytes and could be guessed; `openssl rand -hex 32` makes one"
        );
        return entry.wrong("secret", message);
    }
    Some(Some(Secret::new(secret)))
}

fn headers(entry: &Entry<'_>) -> Option<Headers> {
    let section = entry.section();
    let Some(value) = section.value("headers") else { return Some(Headers::default()) };
    let Value::Object(given) = value else {
        return entry.wrong("headers", format!("must be names with their values, not {}", kind(value)));
    };
    let path = section.path.key("headers");
    let (mut headers, mut sound) = (HeaderMap::new(), true);
    for (name, value) in given {
        let path = path.key(name);
        let value = text(section.reading, &path, value).filter(|text| text.known);
        let complain = |message: &str| section.reading.error(&path, message);
        match (HeaderName::try_from(name), value.map(|text| HeaderValue::try_from(text.value))) {
            (_, None) => sound = false,
            (Ok(name), Some(Ok(value))) if !is_ours(&name) => {
                headers.insert(name, value);
            }
            (name, Some(value)) => {
                sound = false;
                complain(match (name, value) {
                    (Err(_), _) => "is no name that a header may have",
                    (_, Err(_)) => "has characters that a header may not have",
                    (Ok(_), Ok(_)) => "is set by Tasker itself",
                });
            }
        }
    }
    sound.then_some(Headers(headers))
}

fn is_ours(name: &HeaderName) -> bool {
    name.as_str().starts_with("x-tasker-")
        || ["content-type", "content-length", "host", "transfer-encoding", "connection"]
            .contains(&name.as_str())
}
