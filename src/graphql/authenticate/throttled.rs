//! Who asks too often waits: before a credential is looked at, and after it is known whose it is.
//!
//! Every transport asks who is calling, for every operation, and so passes here.

use std::net::SocketAddr;
use std::sync::Arc;

use async_graphql::{Data, ServerError};
use async_trait::async_trait;
use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use tokio::time::timeout;

use super::{Authenticate, ConnectionInit};
use crate::auth::{Address, Throttle, Wait};
use crate::graphql::{Code, executor::admission::caller};
use crate::metrics::labels::Limit;

/// Another way to find out who calls, which asks some to wait. What it finds out has the caller's [`Address`] beside it,
/// where the server knows.
pub struct Throttled {
    inner: Arc<dyn Authenticate>,
    throttle: Throttle,
}

impl Throttled {
    /// Before `inner`.
    pub fn new(inner: Arc<dyn Authenticate>, throttle: Throttle) -> Self {
        Self { inner, throttle }
    }

    async fn through(
        &self,
        from: Option<Address>,
        (headers, beside): (&HeaderMap, Option<&str>),
        find_out: impl Future<Output = Result<Data, ServerError>> + Send,
    ) -> Result<Data, ServerError> {
        self.throttle.arrives(from).map_err(refused)?;
        let shown = self.throttle.fingerprint(headers, beside);
        if let Some(shown) = shown {
            self.throttle.signs_in(from, shown).map_err(refused)?;
        }
        let mut data = match timeout(self.throttle.patience(), find_out).await {
            Ok(Ok(data)) => data,
            Err(_) => {
                tracing::warn!("a request was given up: who calls was not found out in time");
                return Err(Code::Timeout.refuse("Who you are could not be found out in time"));
            }
            Ok(Err(error)) => {
                // One that could not be judged is no guess.
                if Code::of(&error) == Some(Code::Unauthenticated) && !says_when(&error) {
                    self.throttle.was_refused(from);
                }
                return Err(error);
            }
        };
        let subject = caller(&data);
        if let Some(shown) = shown.filter(|_| !subject.is_anonymous()) {
            self.throttle.was_good(shown);
        }
        self.throttle.asks(from, &subject).map_err(refused)?;
        if let Some(from) = from {
            data.insert(from);
        }
        Ok(data)
    }
}

#[async_trait]
impl Authenticate for Throttled {
    async fn request(&self, parts: &Parts) -> Result<Data, ServerError> {
        let from = self.throttle.address(peer(parts), &parts.headers);
        self.through(from, (&parts.headers, None), self.inner.request(parts)).await
    }

    async fn connection(&self, init: ConnectionInit) -> Result<Data, ServerError> {
        let from = self.throttle.address(init.peer, &init.headers);
        let (headers, payload) = (init.headers.clone(), init.payload.clone());
        let beside = (!payload.is_empty()).then(|| serde_json::Value::Object(payload).to_string());
        self.through(from, (&headers, beside.as_deref()), self.inner.connection(init)).await
    }

    fn opens(&self, parts: &Parts) -> Result<(), ServerError> {
        self.throttle.arrives(self.throttle.address(peer(parts), &parts.headers)).map_err(refused)?;
        self.inner.opens(parts)
    }

    fn challenge(&self) -> HeaderValue {
        self.inner.challenge()
    }
}

fn peer(parts: &Parts) -> Option<SocketAddr> {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer)
}

/// Whether an error says when to come back.
fn says_when(error: &ServerError) -> bool {
    error.extensions.as_ref().is_some_and(|extensions| extensions.get("retryAfter").is_some())
}

fn refused(Wait { limit, time }: Wait) -> ServerError {
    let what = match limit {
        Limit::Address => "Too many requests from your address",
        Limit::Subject => "You ask too often",
        Limit::SignIn => "Too many credentials from your address were refused",
    };
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    let unit = if seconds == 1 { "second" } else { "seconds" };
    let message = format!("{what}: try again in {seconds} {unit}.");
    Code::RateLimited.refuse_with(message, None, [("retryAfter", seconds.into())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Server, metrics::Metrics};

    /// Asks something that does not answer.
    struct Hangs;

    #[async_trait]
    impl Authenticate for Hangs {
        async fn request(&self, _: &Parts) -> Result<Data, ServerError> {
            std::future::pending().await
        }

        async fn connection(&self, _: ConnectionInit) -> Result<Data, ServerError> {
            std::future::pending().await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_cant_be_found_out_in_time_is_not_waited_for() {
        let throttle = Throttle::new(&Server::default(), Metrics::new());
        let throttled = Throttled::new(Arc::new(Hangs), throttle);
        let (parts, ()) = axum::http::Request::new(()).into_parts();
        let init = ConnectionInit { payload: serde_json::Map::new(), headers: HeaderMap::new(), peer: None };
        for refused in [throttled.request(&parts).await, throttled.connection(init).await] {
            assert_eq!(refused.err().as_ref().and_then(Code::of), Some(Code::Timeout));
        }
    }
}
