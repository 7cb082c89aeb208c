//! Finds out who calls. Identity is per request and never kept in an authenticator.

use std::{net::SocketAddr, sync::Arc};

use async_trait::async_trait;
use axum::http::HeaderMap;

use super::Subject;
use crate::model::time::Timestamp;

/// What time it is, for whoever judges by it.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What a caller shows: the headers of the request, or what a WebSocket's `connection_init` put in their place.
#[derive(Clone)]
pub struct Credentials {
    /// May hold secrets: never printed.
    pub headers: HeaderMap,
    /// Who is at the other end of the connection, where the server knows.
    pub peer: Option<SocketAddr>,
}

/// Why a credential is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// It is no good: malformed, unknown, expired, revoked. The sentence holds nothing of the credential itself.
    #[error("{0}")]
    Invalid(String),
    /// It can't be judged now, so it is refused.
    #[error("the credential can't be checked at the moment; try again")]
    Unavailable,
}

/// One way to sign in.
#[async_trait]
pub trait Authenticator: Send + Sync + 'static {
    /// Who it is; nobody where the caller shows nothing of this authenticator's kind; or why it is refused.
    async fn authenticate(&self, credentials: &Credentials) -> Result<Option<Subject>, Rejected>;

    /// For `WWW-Authenticate`, such as `Bearer`; none where a caller can't be asked for it.
    fn challenge(&self) -> Option<&'static str> {
        None
    }
}
