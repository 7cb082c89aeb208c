//! The one who asks for something.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::session::{Held, Session};
use crate::model::time::Timestamp;

/// Who calls: recorded with everything they change. Made anew for every request; cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    name: Option<Arc<str>>,
    roles: Arc<[Arc<str>]>,
    bounds: Bounds,
    expires_at: Option<Timestamp>,
    session: Held,
    credential: Option<Arc<str>>,
}

/// What a credential narrows its subject's grants to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Only these namespaces; none means that it narrows nothing.
    pub namespaces: Option<Arc<[Arc<str>]>>,
    /// Only steps of these handler classes may be claimed; none means any.
    pub handler_classes: Option<Arc<[Arc<str>]>>,
}

impl Bounds {
    /// What is to be said where some of these handler classes are beyond them.
    pub fn beyond(&self, classes: &[String]) -> Option<String> {
        let own = self.handler_classes.as_ref()?;
        let beyond = classes.iter().find(|class| !own.iter().any(|own| admits(own, class)))?;
        Some(format!(
            "This credential is for steps of the handler classes {}; it may not claim those of {beyond:?}.",
            own.join(", ")
        ))
    }
}

/// Whether a handler class as a credential has it, `Billing::*` for all that begin alike, is that class, or admits as
/// much as that pattern.
pub(crate) fn admits(own: &str, class: &str) -> bool {
    match own.strip_suffix('*') {
        Some(beginning) => class.starts_with(beginning),
        None => own == class,
    }
}

impl Subject {
    /// Nobody in particular: no credential was shown.
    pub fn anonymous() -> Self {
        Self::default()
    }

    /// Someone who is known by name.
    pub fn named(name: impl Into<Arc<str>>) -> Self {
        Self { name: Some(name.into()), ..Self::default() }
    }

    /// The same, with these roles, as the credential names them: `viewer`, not `role:viewer`.
    #[must_use]
    pub fn with_roles(self, roles: impl IntoIterator<Item = impl Into<Arc<str>>>) -> Self {
        Self { roles: roles.into_iter().map(Into::into).collect(), ..self }
    }

    /// The same, narrowed.
    #[must_use]
    pub fn within(self, bounds: Bounds) -> Self {
        Self { bounds, ..self }
    }

    /// The same, until then.
    #[must_use]
    pub fn until(self, expires_at: Timestamp) -> Self {
        Self { expires_at: Some(expires_at), ..self }
    }

    /// The same, by this credential: its id, never its secret. What is done with it is recorded with that.
    #[must_use]
    pub fn by(self, credential: impl Into<Arc<str>>) -> Self {
        Self { credential: Some(credential.into()), ..self }
    }

    /// The same, for as long as this session lasts: what it has open ends with it.
    #[must_use]
    pub fn during(self, session: Arc<dyn Session>) -> Self {
        Self { session: Held(Some(session)), ..self }
    }

    /// The name, where there is one.
    pub const fn name(&self) -> Option<&Arc<str>> {
        self.name.as_ref()
    }

    /// Whether anybody has signed in.
    pub const fn is_anonymous(&self) -> bool {
        self.name.is_none()
    }

    /// What the credential says about roles. One that no policy defines grants nothing.
    pub fn roles(&self) -> &[Arc<str>] {
        &self.roles
    }

    /// The same, for a key that outlives the subject.
    pub(super) fn shared_roles(&self) -> Arc<[Arc<str>]> {
        self.roles.clone()
    }

    /// Which credential it was shown by, where that has an id.
    pub const fn credential(&self) -> Option<&Arc<str>> {
        self.credential.as_ref()
    }

    /// What the credential narrows the grants to.
    pub const fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// When the credential stops being one.
    pub const fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// Waits until the session has ended, before the credential expires; forever where it can't.
    pub fn ended(&self) -> BoxFuture<'static, ()> {
        self.session.ended()
    }
}

/// What a subject or a role may be called, whoever says so: one line of text that fits into a log.
const MOST_CHARS: usize = 255;

/// A credential has fewer roles than this, or is not taken.
const MOST_ROLES: usize = 1_000;

/// A subject's name from outside, or what is wrong with it.
pub(super) fn checked_name(name: &str) -> Result<&str, String> {
    if is_name(name) {
        Ok(name)
    } else {
        Err("the credential's subject is empty, too long or no plain text".to_owned())
    }
}

/// Names of roles from outside, or what is wrong with them.
pub(super) fn checked_list(roles: Vec<&str>) -> Result<Vec<&str>, String> {
    match roles.len() <= MOST_ROLES && roles.iter().all(|role| is_name(role)) {
        true => Ok(roles),
        false => {
            Err("the credential's roles are too many, or one is empty, too long or no plain text".to_owned())
        }
    }
}

fn is_name(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= MOST_CHARS && !text.chars().any(char::is_control)
}
