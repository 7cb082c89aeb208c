//! Who calls, as a token of this service says.

mod open;
mod secret;
mod store;
#[cfg(test)]
mod tests;
mod wanted;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use moka::sync::Cache;
use uuid::Uuid;

pub use secret::{Secret, TokenHash};
pub use store::{StoreError, StoredToken, TokenStore};
pub use wanted::Wanted;

use open::{OpenTokens, TokenSession};

use super::{Authenticator, Bounds, Credentials, Now, Rejected, Subject, chain::BEARER, shown::Shown};
use crate::model::time::Timestamp;

/// A revoked token works nowhere for longer.
const REMEMBERED: Duration = Duration::from_secs(1);

/// How exactly the last use of a token is noted.
const NOTED: Duration = Duration::from_secs(60);

/// Takes the tokens that this service has issued, from `Authorization: Bearer` and `X-API-Token`.
pub struct ApiToken {
    store: Arc<dyn TokenStore>,
    now: Now,
    /// What was looked up, and when. The cache forgets by its own clock too, should the other be set back.
    recent: Cache<TokenHash, (Arc<StoredToken>, Timestamp)>,
    /// Whose use was noted from here.
    noted: Cache<Uuid, Timestamp>,
    /// What something open rests on.
    open: Arc<OpenTokens>,
}

impl ApiToken {
    /// Over this store.
    pub fn new(store: Arc<dyn TokenStore>, now: Now) -> Self {
        let recent = Cache::builder().max_capacity(10_000).time_to_live(REMEMBERED).build();
        let noted = Cache::builder().max_capacity(10_000).time_to_live(NOTED).build();
        let open = OpenTokens::new(store.clone());
        Self { store, now, recent, noted, open }
    }

    async fn look_up(&self, hash: TokenHash, now: Timestamp) -> Result<Arc<StoredToken>, Rejected> {
        if let Some((token, at)) = self.recent.get(&hash)
            && at <= now
            && now.since(at) < REMEMBERED
        {
            return Ok(token);
        }
        let found = self.store.find(&hash).await.map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "a token can't be looked up");
            Rejected::Unavailable
        })?;
        let token =
            found.filter(|token| token.hash == hash).ok_or_else(|| invalid("there is no such token"))?;
        let token = Arc::new(token);
        self.recent.insert(hash, (token.clone(), now));
        Ok(token)
    }

    /// Beside the request, and once in a while.
    fn note(&self, token: &StoredToken, now: Timestamp) {
        let recently = |at: Timestamp| now.since(at) < NOTED;
        if token.last_used_at.is_some_and(recently) || self.noted.get(&token.id).is_some_and(recently) {
            return;
        }
        self.noted.insert(token.id, now);
        let (store, id) = (self.store.clone(), token.id);
        tokio::spawn(async move {
            if let Err(error) = store.used(id, now).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "the use of a token can't be noted");
            }
        });
    }
}

#[async_trait]
impl Authenticator for ApiToken {
    async fn authenticate(&self, credentials: &Credentials) -> Result<Option<Subject>, Rejected> {
        let shown = Shown::of(&credentials.headers)?;
        let Some(text) = shown.token().filter(|text| secret::is_one(text)) else { return Ok(None) };
        let hash = secret::read(text).ok_or_else(|| invalid("the token is incomplete or mistyped"))?;
        let now = (self.now)();
        let token = self.look_up(hash, now).await?;
        if token.revoked_at.is_some() {
            return Err(invalid("the token was revoked"));
        }
        if token.expires_at.is_some_and(|end| now >= end) {
            return Err(invalid("the token has expired"));
        }
        self.note(&token, now);
        let session = TokenSession { token: token.id, open: self.open.clone() };
        Ok(Some(subject(&token).during(Arc::new(session))))
    }

    fn challenge(&self) -> Option<&'static str> {
        Some(BEARER)
    }
}

fn subject(token: &StoredToken) -> Subject {
    let bounds =
        Bounds { namespaces: token.namespaces.clone(), handler_classes: token.handler_classes.clone() };
    let subject = Subject::named(token.name.clone()).with_roles(token.roles.iter().cloned()).within(bounds);
    let subject = subject.by(token.id.to_string());
    match token.expires_at {
        Some(end) => subject.until(end),
        None => subject,
    }
}

fn invalid(why: &str) -> Rejected {
    Rejected::Invalid(why.to_owned())
}
