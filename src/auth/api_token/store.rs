//! Where tokens are kept, as seen from here.

use std::sync::Arc;

use async_trait::async_trait;
use uuid::Uuid;

use super::secret::TokenHash;
use crate::model::time::Timestamp;

/// What is known of a token. Its secret is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredToken {
    /// Which one.
    pub id: Uuid,
    /// Of its secret.
    pub hash: TokenHash,
    /// Its subject.
    pub name: Arc<str>,
    /// Its subject's roles.
    pub roles: Vec<Arc<str>>,
    /// Only these namespaces; none means that it narrows nothing.
    pub namespaces: Option<Arc<[Arc<str>]>>,
    /// Only steps of these handler classes; none means any.
    pub handler_classes: Option<Arc<[Arc<str>]>>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When somebody withdrew it.
    pub revoked_at: Option<Timestamp>,
    /// When it was shown, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// Tokens can't be looked up at the moment.
#[derive(Debug, thiserror::Error)]
#[error("tokens can't be looked up")]
pub struct StoreError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Looks tokens up. A service implements it over its database.
#[async_trait]
pub trait TokenStore: Send + Sync + 'static {
    /// The token with this hash.
    async fn find(&self, hash: &TokenHash) -> Result<Option<StoredToken>, StoreError>;

    /// Those of these tokens that are good no more: withdrawn, or gone. Their own end is not asked for.
    async fn withdrawn(&self, tokens: &[Uuid]) -> Result<Vec<Uuid>, StoreError>;

    /// Notes that a token was used at `now`, unless that was noted within the last minute.
    async fn used(&self, token: Uuid, now: Timestamp) -> Result<(), StoreError>;
}
