//! Issuing and revoking tokens. They need no engine: the command line does it beside a running service.

use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use super::Caller;
use crate::{
    auth::{Secret, Subject, Wanted, admits},
    data::{self, Database, api_tokens, entity::api_token::Model},
    model::time::Timestamp,
};

/// Why no token was issued.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Everything that is wrong with what was asked for.
    #[error("{}", .0.join("; "))]
    Unsound(Vec<String>),
    /// The data layer failed.
    #[error("the token could not be stored")]
    Data(#[from] data::Error),
}

/// Stores a new token, and answers with it and with its secret, which nobody will see again.
pub async fn issue(
    database: &Database,
    caller: impl Into<Caller>,
    wanted: Wanted,
    now: Timestamp,
) -> Result<(Secret, Model), Error> {
    let caller = caller.into();
    let mut mistakes = wanted.mistakes();
    mistakes.extend(reaches_beyond(&caller.subject, &wanted));
    mistakes.extend(outlives(&caller.subject, &wanted, now));
    if !mistakes.is_empty() {
        return Err(Error::Unsound(mistakes));
    }
    let secret = Secret::generate();
    let token = Model {
        id: Uuid::now_v7(),
        hash: secret.hash().as_bytes().to_vec(),
        name: wanted.name,
        roles: wanted.roles.into(),
        namespaces: wanted.namespaces.map(Value::from),
        handler_classes: wanted.handler_classes.map(Value::from),
        created_at: now.0,
        created_by: caller.subject.name().map(ToString::to_string),
        expires_at: wanted.expires_in.map(|time| now.plus(time).0),
        revoked_at: None,
        last_used_at: None,
    };
    let record = caller.record(now).map(|record| record.about_token(token.id));
    api_tokens::insert(database, token.clone(), record).await?;
    tracing::info!(token = %token.id, name = token.name, by = token.created_by, "a token was issued");
    Ok((secret, token))
}

/// Withdraws a token: within a second no node takes it any more. None where there is none.
pub async fn revoke(
    database: &Database,
    caller: impl Into<Caller>,
    token: Uuid,
    now: Timestamp,
) -> Result<Option<Model>, data::Error> {
    let caller = caller.into();
    let record = caller.record(now).map(|record| record.about_token(token));
    let revoked = api_tokens::revoke(database, token, record, now).await?;
    if let Some(revoked) = &revoked {
        tracing::info!(%token, name = revoked.name, by = caller.subject.name().map(|name| &**name), "a token was revoked");
    }
    Ok(revoked)
}

/// A credential that is narrowed can't make one that is not.
fn reaches_beyond(subject: &Subject, wanted: &Wanted) -> Vec<String> {
    let bounds = subject.bounds();
    let lists = [
        ("namespaces", &bounds.namespaces, &wanted.namespaces),
        ("handler classes", &bounds.handler_classes, &wanted.handler_classes),
    ];
    let beyond = lists.into_iter().filter(|(_, own, wanted)| !within(own.as_deref(), wanted.as_deref()));
    beyond
        .map(|(what, ..)| format!("the token's {what} must be among those of the credential that issues it"))
        .collect()
}

/// A token that ends can't make one that goes on. Who has signed in with something else comes back with another.
fn outlives(subject: &Subject, wanted: &Wanted, now: Timestamp) -> Option<String> {
    let end = subject.credential().and(subject.expires_at())?;
    let ends = wanted.expires_in.map(|time| now.plus(time));
    ends.is_none_or(|ends| ends > end).then(|| {
        format!(
            "the token must end when the credential that issues it does, at {}, or before",
            end.to_rfc3339()
        )
    })
}

fn within(own: Option<&[Arc<str>]>, wanted: Option<&[String]>) -> bool {
    match (own, wanted) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(own), Some(wanted)) => wanted.iter().all(|name| own.iter().any(|own| admits(own, name))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Bounds;

    #[test]
    fn a_narrowed_credential_makes_none_that_is_wider() {
        let bounds = Bounds { namespaces: Some(["shop".into()].into()), handler_classes: None };
        let ada = Subject::named("ada").within(bounds);
        let wanted = |namespaces: Option<&[&str]>| Wanted {
            namespaces: namespaces.map(|names| names.iter().map(ToString::to_string).collect()),
            ..Wanted::default()
        };
        assert!(reaches_beyond(&ada, &wanted(Some(&["shop"]))).is_empty());
        assert_eq!(reaches_beyond(&ada, &wanted(Some(&["shop", "bank"]))).len(), 1);
        assert_eq!(reaches_beyond(&ada, &wanted(None)).len(), 1);
        assert!(reaches_beyond(&Subject::named("bob"), &wanted(None)).is_empty());
    }
}
