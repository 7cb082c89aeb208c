//! The tokens in the service's database, for those who sign in with one.

use std::{collections::HashSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use uuid::Uuid;

use crate::{
    auth::{StoreError, StoredToken, TokenHash, TokenStore},
    data::{self, Database, api_tokens, entity::api_token::Model, load},
    model::time::Timestamp,
};

const MINUTE: Duration = Duration::from_secs(60);

/// Where tokens are kept.
pub(super) struct Tokens(pub(super) Database);

#[async_trait]
impl TokenStore for Tokens {
    async fn find(&self, hash: &TokenHash) -> Result<Option<StoredToken>, StoreError> {
        let found = api_tokens::find_by_hash(&self.0, hash.as_bytes()).await.map_err(failed)?;
        found.map(stored).transpose().map_err(failed)
    }

    async fn withdrawn(&self, tokens: &[Uuid]) -> Result<Vec<Uuid>, StoreError> {
        let good: HashSet<Uuid> =
            api_tokens::good_among(&self.0, tokens).await.map_err(failed)?.into_iter().collect();
        Ok(tokens.iter().copied().filter(|token| !good.contains(token)).collect())
    }

    async fn used(&self, token: Uuid, now: Timestamp) -> Result<(), StoreError> {
        api_tokens::used(&self.0, token, now, MINUTE).await.map_err(failed)
    }
}

fn failed(error: data::Error) -> StoreError {
    StoreError(Box::new(error))
}

/// What can't be read is an error: a token that lost what narrows it must not work.
fn stored(row: Model) -> Result<StoredToken, data::Error> {
    let hash = TokenHash::from_bytes(&row.hash);
    let texts = |value: &serde_json::Value| -> Result<Vec<Arc<str>>, data::Error> {
        Ok(load::texts(value)?.into_iter().map(Into::into).collect())
    };
    let narrowed = |value: Option<serde_json::Value>| -> Result<Option<Arc<[Arc<str>]>>, data::Error> {
        let value = value.filter(|value| !value.is_null());
        value.as_ref().map(|value| texts(value).map(Into::into)).transpose()
    };
    Ok(StoredToken {
        id: row.id,
        hash: hash.ok_or_else(|| data::Error::Corrupt(format!("the hash of token {}", row.id)))?,
        name: row.name.into(),
        roles: texts(&row.roles)?,
        namespaces: narrowed(row.namespaces)?,
        handler_classes: narrowed(row.handler_classes)?,
        expires_at: row.expires_at.map(Timestamp),
        revoked_at: row.revoked_at.map(Timestamp),
        last_used_at: row.last_used_at.map(Timestamp),
    })
}
