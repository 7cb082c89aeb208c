//! What each root field needs, against what the subject has: the decision itself, in the gate and for those who ask
//! beforehand (`tasker permission explain`).

use async_graphql::{Pos, ServerError, parser::types::Field};

use super::{
    RootDecision,
    collect::{Need, Needs, RootNeeds},
    refusal,
    targets::{Places, Target},
};
use crate::{
    auth::{Grant, Grants, Permission, Permissions, Subject},
    model::{audit::printable, id::TaskId, scope::Scope},
    orchestration::Place,
};

/// One root field, with what it is about.
pub(super) struct Root<'a> {
    pub(super) needs: &'a RootNeeds<'a>,
    pub(super) grant: Grant,
    pub(super) target: Option<Target>,
}

/// Who is decided about, and what it may do.
#[derive(Clone, Copy)]
pub(super) struct Who<'a> {
    pub(super) subject: &'a Subject,
    pub(super) grants: &'a Grants,
    /// Nobody signs in here, so nobody has to.
    pub(super) open: bool,
}

/// Why the target of a mutation is out of the subject's reach.
enum Beyond {
    /// It may know of it, and has not these permissions there.
    Lacks(Permissions),
    /// It may not know whether it is there.
    Unknown(ServerError),
}

impl<'a> Needs<'a> {
    /// Refuses what the subject may not do anywhere, and says where it may do the rest.
    pub(super) fn judge(&'a self, who: Who<'_>) -> Result<Vec<Root<'a>>, ServerError> {
        let Who { subject, grants, open } = who;
        let all = self.roots.iter().fold(Permissions::NONE, |all, root| all.or(root.needs.permissions));
        let missing: Vec<Permission> = all.iter().filter(|&permission| !grants.any(permission)).collect();
        if !missing.is_empty() {
            return Err(refusal::missing(subject, missing));
        }
        if !open && subject.is_anonymous() && self.roots.iter().any(|root| root.needs.signed_in) {
            return Err(refusal::sign_in());
        }
        let mut roots = Vec::with_capacity(self.roots.len());
        for root in &self.roots {
            let permissions = root.needs.permissions;
            let grant = root.needs.granted(grants);
            if grant.is_none() && !permissions.is_empty() {
                return Err(refusal::nowhere(subject, permissions));
            }
            roots.push(Root { needs: root, grant, target: None });
        }
        match &self.unknown {
            Some(error) => Err(error.clone()),
            None => Ok(roots),
        }
    }
}

impl Need {
    /// Where the subject has all of it.
    pub(super) fn granted(&self, grants: &Grants) -> Grant {
        let granted = self.permissions.iter().map(|permission| grants.of(permission).clone());
        granted.reduce(|one, other| one.and(&other)).unwrap_or(Grant::NONE)
    }
}

impl<'a> Root<'a> {
    /// Nothing has been decided about it.
    pub(super) const fn unjudged(needs: &'a RootNeeds<'a>) -> Self {
        Self { needs, grant: Grant::NONE, target: None }
    }
}

impl Root<'_> {
    pub(super) fn field(&self) -> &Field {
        &self.needs.field.node
    }

    /// The stored tasks that it is about.
    pub(super) fn tasks(&self) -> &[TaskId] {
        match &self.target {
            Some(Target::Task(task)) => task.as_slice(),
            Some(Target::Leases(tasks)) => tasks,
            Some(Target::Namespaces(_) | Target::Claim(_) | Target::Token(_) | Target::Everything) | None => {
                &[]
            }
        }
    }

    /// Where what it is about is, or is to be; nothing where that is not there or in no single namespace.
    pub(super) fn place(&self, places: &Places) -> Option<Place> {
        match self.target.as_ref()? {
            Target::Task(task) => {
                let task = (*task)?;
                places.get(&task).map(|(namespace, _)| (namespace.clone(), Some(task)))
            }
            Target::Namespaces(wanted) => {
                let (first, rest) = wanted.split_first()?;
                rest.iter().all(|one| one == first).then(|| (printable(first), None))
            }
            Target::Leases(_) | Target::Claim(_) | Target::Token(_) | Target::Everything => None,
        }
    }

    fn pos(&self) -> Pos {
        self.needs.field.pos
    }

    pub(super) fn scope(&self, subject: &Subject) -> Scope {
        Scope {
            namespaces: self.grant.namespaces.clone(),
            own: self.grant.own.clone(),
            creator: subject.name().cloned(),
        }
    }

    /// Why this root field may not do what it is asked to; nothing where it may.
    fn beyond(&self, places: &Places, who: Who<'_>) -> Option<Beyond> {
        let Who { subject, grants, .. } = who;
        let scope = self.scope(subject);
        let without = |covers: &dyn Fn(&Grant) -> bool| {
            let lacking = self.needs.needs.permissions.iter().filter(|&one| !covers(grants.of(one)));
            Beyond::Lacks(lacking.collect())
        };
        match self.target.as_ref()? {
            Target::Task(None) => None,
            Target::Task(Some(task)) => {
                let key = &self.field().response_key().node;
                let unknown = || Beyond::Unknown(refusal::unknown(*task, key, self.pos()));
                let Some((namespace, creator)) = places.get(task) else { return Some(unknown()) };
                if scope.covers(namespace, creator.as_deref()) {
                    return None;
                }
                let own = creator.is_some() && creator.as_deref() == subject.name().map(|name| &**name);
                let shown = grants.of(Permission::TaskShow).covers(namespace, own);
                Some(if shown { without(&|grant| grant.covers(namespace, own)) } else { unknown() })
            }
            // What is out of reach is left out of what was decided.
            Target::Leases(_) => None,
            Target::Namespaces(wanted) | Target::Claim(wanted) => {
                let creator = subject.name().map(|name| &**name);
                let refused = wanted.iter().any(|namespace| !scope.covers(namespace, creator));
                refused
                    .then(|| without(&|grant| wanted.iter().all(|namespace| grant.covers(namespace, true))))
            }
            Target::Everything | Target::Token(_) => {
                (!scope.namespaces.is_all()).then(|| without(&|grant| grant.namespaces.is_all()))
            }
        }
    }

    /// For the resolvers.
    pub(super) fn decided(self, subject: &Subject, places: &Places) -> (String, RootDecision) {
        let field = self.field();
        let (key, field) = (field.response_key().node.to_string(), field.name.node.to_string());
        let mut decision = RootDecision::of(field, self.needs.needs.permissions, self.scope(subject));
        match self.target {
            Some(Target::Task(task)) => decision.targets.extend(task),
            Some(Target::Leases(tasks)) => {
                let reach = &decision.scope;
                let covered = |task: &TaskId| {
                    places.get(task).is_some_and(|(at, creator)| reach.covers(at, creator.as_deref()))
                };
                decision.targets = tasks.into_iter().filter(covered).collect();
            }
            Some(Target::Claim(_)) => {}
            Some(Target::Namespaces(wanted)) => decision.namespaces = wanted,
            Some(Target::Token(wanted)) => decision.tokens.push(*wanted),
            Some(Target::Everything) | None => {}
        }
        (key, decision)
    }
}

/// What is to be said of root fields that may not do what they are asked to, and which ones these are.
pub(super) struct OutOfReach {
    pub(super) errors: Vec<ServerError>,
    /// Root fields, by their places.
    pub(super) roots: Vec<usize>,
}

/// Looks at what mutations are about. Nothing where all of it is within reach.
pub(super) fn out_of_reach(roots: &[Root<'_>], places: &Places, who: Who<'_>) -> Option<OutOfReach> {
    let (mut lacking, mut unknown, mut refused) = (None, Vec::new(), Vec::new());
    for (place, root) in roots.iter().enumerate() {
        let Some(beyond) = root.beyond(places, who) else { continue };
        refused.push(place);
        match beyond {
            Beyond::Lacks(more) => lacking = Some(lacking.unwrap_or(Permissions::NONE).or(more)),
            Beyond::Unknown(error) => unknown.push(error),
        }
    }
    // All that is missing is said at once, and alone: of what is not there nobody learns anything.
    let errors = match lacking {
        Some(lacking) => vec![refusal::missing(who.subject, lacking.iter())],
        None => unknown,
    };
    (!refused.is_empty()).then_some(OutOfReach { errors, roots: refused })
}
