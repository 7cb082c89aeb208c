//! Which tasks a caller may reach.

use std::sync::Arc;

use super::namespaces::Namespaces;

/// Every task of some namespaces, and of others those that the caller created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Every task in these.
    pub namespaces: Namespaces,
    /// In these, what `creator` created.
    pub own: Namespaces,
    /// Who calls.
    pub creator: Option<Arc<str>>,
}

impl Scope {
    /// Every task there is.
    pub const fn all() -> Self {
        Self { namespaces: Namespaces::ALL, own: Namespaces::NONE, creator: None }
    }

    /// Whether it holds every task.
    pub fn is_all(&self) -> bool {
        self.namespaces.is_all()
    }

    /// Whether a task of `namespace`, created by `creator`, is in it.
    pub fn covers(&self, namespace: &str, creator: Option<&str>) -> bool {
        let own = self.creator.is_some() && self.creator.as_deref() == creator;
        self.namespaces.contains(namespace) || own && self.own.contains(namespace)
    }

    /// Who must have created a task that is in it for no other reason; nobody when that makes no difference.
    pub fn of_creator(&self) -> Option<&Arc<str>> {
        let more = self.own.and(&self.namespaces.not());
        self.creator.as_ref().filter(|_| !more.is_none())
    }
}
