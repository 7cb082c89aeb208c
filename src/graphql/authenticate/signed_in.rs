//! Who calls, as the chain of authenticators says: over HTTP by its headers, over a WebSocket by what its
//! `connection_init` puts in their place.

use async_graphql::{Data, ServerError};
use async_trait::async_trait;
use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use serde_json::Value;
use std::net::SocketAddr;

use super::{Authenticate, ConnectionInit};
use crate::auth::{API_TOKEN, Chain, Credentials, Rejected, Subject};
use crate::graphql::Code;
use crate::model::audit::{Act, Verdict, Way};
use crate::orchestration::Refusals;

/// The keys of a `connection_init` that are credentials, and the header that each stands for.
const KEYS: [(&str, HeaderName); 4] = [
    ("Authorization", header::AUTHORIZATION),
    ("authorization", header::AUTHORIZATION),
    ("X-API-Token", API_TOKEN),
    ("x-api-token", API_TOKEN),
];

/// Seconds after which it is worth trying again with a credential that can't be checked now.
const RETRY_AFTER: u32 = 1;

/// Lets in whom the chain recognises, and those who show nothing, as nobody in particular.
pub struct SignedIn {
    chain: Chain,
    challenge: HeaderValue,
    refusals: Option<Refusals>,
}

impl SignedIn {
    /// Over this chain.
    pub fn new(chain: Chain) -> Self {
        let challenge = HeaderValue::from_str(&chain.challenge());
        Self { chain, challenge: challenge.unwrap_or(super::BEARER), refusals: None }
    }

    /// The same; credentials that are refused are noted there.
    #[must_use]
    pub fn noting(self, refusals: Refusals) -> Self {
        Self { refusals: Some(refusals), ..self }
    }

    async fn subject(&self, credentials: Credentials) -> Result<Data, ServerError> {
        match self.chain.authenticate(&credentials).await {
            Ok(subject) => Ok(with(subject)),
            Err(rejected) => {
                let peer = credentials.peer.map(|peer| peer.ip().to_string());
                tracing::info!(reason = %rejected, peer, "a credential is refused");
                self.refusals.iter().for_each(|refusals| refusals.note(not_recognised(), None));
                Err(match rejected {
                    Rejected::Invalid(why) => Code::Unauthenticated.refuse(why),
                    Rejected::Unavailable => {
                        let again = [("retryAfter", RETRY_AFTER.into())];
                        Code::Unauthenticated.refuse_with(rejected.to_string(), None, again)
                    }
                })
            }
        }
    }
}

/// Somebody showed a credential that is none. Who it was nobody knows.
fn not_recognised() -> Act {
    Act {
        verdict: Verdict::Refused,
        code: Some(Code::Unauthenticated.as_str().to_owned()),
        subject: None,
        credential: None,
        operation: None,
        way: Way::SignIn,
        fields: Vec::new(),
        permissions: Vec::new(),
        missing: Vec::new(),
        policy_version: None,
        request_id: None,
    }
}

fn with(subject: Subject) -> Data {
    let mut data = Data::default();
    data.insert(subject);
    data
}

#[async_trait]
impl Authenticate for SignedIn {
    async fn request(&self, parts: &Parts) -> Result<Data, ServerError> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer);
        self.subject(Credentials { headers: parts.headers.clone(), peer }).await
    }

    async fn connection(&self, init: ConnectionInit) -> Result<Data, ServerError> {
        let ConnectionInit { payload, mut headers, peer } = init;
        for (key, header) in KEYS {
            put(&mut headers, header, payload.get(key))?;
        }
        self.subject(Credentials { headers, peer }).await
    }

    fn challenge(&self) -> HeaderValue {
        self.challenge.clone()
    }
}

/// What the payload says stands beside what the headers say; the same twice is the same.
fn put(headers: &mut HeaderMap, name: HeaderName, value: Option<&Value>) -> Result<(), ServerError> {
    let text = match value {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::String(text)) => text,
        Some(_) => return Err(refused("a credential in connection_init is text")),
    };
    let value =
        HeaderValue::from_str(text).map_err(|_| refused("the credential has characters that none has"))?;
    if !headers.get_all(&name).iter().any(|known| *known == value) {
        headers.append(name, value);
    }
    Ok(())
}

fn refused(why: &str) -> ServerError {
    Code::Unauthenticated.refuse(why)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::auth::Authenticator;

    /// Everybody is who the header says.
    struct Believes;

    #[async_trait]
    impl Authenticator for Believes {
        async fn authenticate(&self, credentials: &Credentials) -> Result<Option<Subject>, Rejected> {
            let value = credentials.headers.get("authorization").or(credentials.headers.get("x-api-token"));
            Ok(value.and_then(|value| value.to_str().ok()).map(Subject::named))
        }
    }

    async fn open(payload: Value, pairs: &[(&'static str, &str)]) -> Result<Subject, ServerError> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().expect("a header"));
        }
        let payload = payload.as_object().expect("an object").clone();
        let chain = Chain::new([Arc::new(Believes) as Arc<dyn Authenticator>]);
        let data = SignedIn::new(chain).connection(ConnectionInit { payload, headers, peer: None }).await?;
        let subject = data.get(&std::any::TypeId::of::<Subject>()).and_then(|subject| subject.downcast_ref());
        Ok(Subject::clone(subject.expect("a subject")))
    }

    #[tokio::test]
    async fn the_payload_stands_in_for_the_headers() {
        for key in ["Authorization", "authorization"] {
            assert_eq!(open(json!({key: "Bearer a"}), &[]).await, Ok(Subject::named("Bearer a")));
        }
        for key in ["X-API-Token", "x-api-token"] {
            assert_eq!(open(json!({key: "a"}), &[]).await, Ok(Subject::named("a")));
        }
    }

    #[tokio::test]
    async fn without_a_payload_the_headers_say_who_opened_it() {
        let shown = [("authorization", "Bearer a")];
        assert_eq!(open(json!({}), &shown).await, Ok(Subject::named("Bearer a")));
        assert_eq!(open(json!({"Authorization": null}), &shown).await, Ok(Subject::named("Bearer a")));
        assert_eq!(open(json!({}), &[]).await, Ok(Subject::anonymous()));
    }

    #[tokio::test]
    async fn the_same_credential_in_both_is_one_and_different_ones_are_refused() {
        let shown = [("authorization", "Bearer a")];
        assert!(open(json!({"Authorization": "Bearer a"}), &shown).await.is_ok());
        assert!(open(json!({"X-API-Token": "a"}), &shown).await.is_ok());
        for payload in [
            json!({"Authorization": "Bearer b"}),
            json!({"X-API-Token": "b"}),
            json!({"Authorization": "Bearer a", "authorization": "Bearer b"}),
            json!({"Authorization": ["Bearer a"]}),
            json!({"Authorization": "Bearer a\u{0}"}),
            json!({"Authorization": ""}),
        ] {
            assert!(open(payload.clone(), &shown).await.is_err(), "{payload}");
        }
    }
}
