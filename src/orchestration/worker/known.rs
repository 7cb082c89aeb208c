//! What is known of leases before anything is done for them: who makes one up costs a look, and no more.

use std::collections::HashMap;

use crate::{
    auth::Subject,
    data::{self, entity::remote_attempt::Model, remote},
    model::lease::LeaseToken,
    orchestration::Engine,
};

/// What is known of a lease.
pub(super) enum Known<'a> {
    /// Its task runs here, and knows.
    Here,
    /// It was given to this subject.
    Own(&'a Model),
    /// It was given to nobody, or to somebody else.
    Nobodys,
}

/// What is known of several.
pub(super) struct KnownLeases(HashMap<LeaseToken, Option<Model>>);

impl KnownLeases {
    pub(super) fn get(&self, token: &LeaseToken) -> Known<'_> {
        match self.0.get(token) {
            None => Known::Here,
            Some(Some(row)) => Known::Own(row),
            Some(None) => Known::Nobodys,
        }
    }
}

impl Engine {
    /// Looks up those whose tasks do not run here: a lease is durable before anybody is told of it.
    pub(super) async fn known_leases(
        &self,
        subject: &Subject,
        tokens: impl Iterator<Item = LeaseToken>,
    ) -> Result<KnownLeases, data::Error> {
        let absent: Vec<LeaseToken> =
            tokens.filter(|token| self.runs().inbox(token.task).is_none()).collect();
        let rows = self.own_rows(subject, absent.iter().copied()).await?;
        Ok(KnownLeases(absent.into_iter().map(|token| (token, rows.get(&token).cloned())).collect()))
    }

    /// The rows of these leases, as far as they were given to this subject.
    pub(super) async fn own_rows(
        &self,
        subject: &Subject,
        tokens: impl Iterator<Item = LeaseToken>,
    ) -> Result<HashMap<LeaseToken, Model>, data::Error> {
        let mut rows = remote::under(self.database(), tokens).await?;
        rows.retain(|_, row| row.holder.as_deref() == subject.name().map(|name| &**name));
        Ok(rows)
    }
}
