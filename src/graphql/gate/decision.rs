//! What was decided about one operation. Resolvers ask it again: a second line, on the same decision.

use std::{collections::HashMap, sync::Arc};

use super::record::names;
use crate::{
    auth::{Grants, Permission, Permissions, Subject, Wanted},
    model::{audit::Act, id::TaskId, scope::Scope},
    orchestration::Caller,
};

/// The decision about one operation, handed to its resolvers.
#[derive(Debug, Clone)]
pub struct Decision {
    basis: Basis,
    /// By response key; none where authorization is turned off.
    roots: Option<HashMap<String, RootDecision>>,
}

/// What a decision rests on.
#[derive(Debug, Clone, Default)]
pub(super) struct Basis {
    pub(super) subject: Subject,
    /// Nobody signs in here.
    pub(super) open: bool,
    /// What the subject may do; none where nothing was asked.
    pub(super) grants: Option<Arc<Grants>>,
    /// What is recorded of what it changes; none where it changes nothing, or where nobody signs in.
    pub(super) act: Option<Act>,
}

/// The decision about one root field and everything below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootDecision {
    /// Its name in the schema.
    pub field: String,
    /// What the subject was found to have.
    pub permissions: Permissions,
    /// Where it has all of it.
    pub scope: Scope,
    /// The tasks that a mutation may be about.
    pub targets: Vec<TaskId>,
    /// The namespaces that a mutation may create in.
    pub namespaces: Vec<Arc<str>>,
    /// The tokens that a mutation may issue, but for how long they live.
    pub tokens: Vec<Wanted>,
}

impl Decision {
    /// Everything is allowed to everybody.
    pub fn open(subject: Subject) -> Self {
        Self { basis: Basis { subject, open: true, ..Basis::default() }, roots: None }
    }

    pub(super) fn of(basis: Basis, roots: impl IntoIterator<Item = (String, RootDecision)>) -> Self {
        let mut all: HashMap<String, RootDecision> = HashMap::new();
        for (key, root) in roots {
            match all.get_mut(&key) {
                Some(known) => known.join(root),
                None => drop(all.insert(key, root)),
            }
        }
        Self { basis, roots: Some(all) }
    }

    /// Who calls.
    pub const fn subject(&self) -> &Subject {
        &self.basis.subject
    }

    /// Whether this root field was decided about, for somebody who is known or where nobody has to be.
    pub fn knows_enough(&self, root: &str) -> bool {
        let known = !self.subject().is_anonymous() || self.basis.open;
        known && self.root(root).is_none_or(|root| root.is_some())
    }

    /// What the subject may do at all; none where nothing is refused to anybody.
    pub fn grants(&self) -> Option<&Grants> {
        self.basis.grants.as_deref()
    }

    /// Who calls, with what is recorded of what this root field changes.
    pub fn caller(&self, root: &str) -> Caller {
        let root = self.roots.as_ref().and_then(|roots| roots.get(root));
        let act = self.basis.act.as_ref().zip(root).map(|(act, root)| {
            let (fields, permissions) = (vec![root.field.clone()], names(root.permissions));
            Arc::new(Act { fields, permissions, ..act.clone() })
        });
        Caller { subject: self.basis.subject.clone(), act }
    }

    /// Whether the same may be read and done under both.
    pub fn allows_the_same(&self, other: &Self) -> bool {
        self.roots == other.roots
    }

    /// Whether the permission was decided about for this root field.
    pub fn permits(&self, root: &str, permission: Permission) -> bool {
        self.root(root).is_none_or(|root| root.is_some_and(|root| root.permissions.contains(permission)))
    }

    /// Where this root field may read; nowhere if nothing was decided about it.
    pub fn scope(&self, root: &str) -> Scope {
        let nowhere = || Scope { namespaces: crate::auth::Namespaces::NONE, ..Scope::all() };
        self.root(root).map_or_else(Scope::all, |root| root.map_or_else(nowhere, |root| root.scope.clone()))
    }

    /// Whether this root field may change that task.
    pub fn may_change(&self, root: &str, task: TaskId) -> bool {
        self.root(root).is_none_or(|root| root.is_some_and(|root| root.targets.contains(&task)))
    }

    /// Whether this root field may create in that namespace.
    pub fn may_create(&self, root: &str, namespace: &str) -> bool {
        let created = |root: &RootDecision| root.namespaces.iter().any(|known| **known == *namespace);
        self.root(root).is_none_or(|root| root.is_some_and(created))
    }

    /// Whether this root field may issue that token.
    pub fn may_issue(&self, root: &str, wanted: &Wanted) -> bool {
        let like = Wanted { expires_in: None, ..wanted.clone() };
        self.root(root).is_none_or(|root| root.is_some_and(|root| root.tokens.contains(&like)))
    }

    /// None where everything is allowed; some none where nothing was decided about it.
    fn root(&self, key: &str) -> Option<Option<&RootDecision>> {
        self.roots.as_ref().map(|roots| roots.get(key))
    }
}

impl RootDecision {
    /// About no task, no namespace and no token in particular.
    pub(super) const fn of(field: String, permissions: Permissions, scope: Scope) -> Self {
        Self { field, permissions, scope, targets: Vec::new(), namespaces: Vec::new(), tokens: Vec::new() }
    }

    /// One field under one key, which is written several times: what is needed for any of it is needed for all of it.
    fn join(&mut self, other: Self) {
        self.permissions = self.permissions.or(other.permissions);
        self.scope.namespaces = self.scope.namespaces.and(&other.scope.namespaces);
        self.scope.own = self.scope.own.and(&other.scope.own);
        self.targets.extend(other.targets);
        self.namespaces.extend(other.namespaces);
        self.tokens.extend(other.tokens);
    }
}
