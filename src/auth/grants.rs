//! What a subject may do, worked out once: a lookup in the end.

use std::collections::HashMap;

use super::{Namespaces, Permission};
use crate::model::time::Timestamp;

/// Everything that one subject may do, under one version of the policy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grants {
    permitted: HashMap<Permission, Grant>,
    valid_until: Option<Timestamp>,
    version: u64,
}

/// Where one permission holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// For every task there.
    pub namespaces: Namespaces,
    /// There, for the tasks that the subject created.
    pub own: Namespaces,
}

static NOWHERE: Grant = Grant::NONE;

impl Grant {
    /// Nowhere, for nothing.
    pub const NONE: Self = Self { namespaces: Namespaces::NONE, own: Namespaces::NONE };

    /// For every task in these namespaces.
    pub const fn within(namespaces: Namespaces) -> Self {
        Self { namespaces, own: Namespaces::NONE }
    }

    /// For the tasks in these namespaces that the subject created.
    pub const fn own(namespaces: Namespaces) -> Self {
        Self { namespaces: Namespaces::NONE, own: namespaces }
    }

    /// Whether it holds for nothing at all.
    pub fn is_none(&self) -> bool {
        self.namespaces.is_none() && self.own.is_none()
    }

    /// Whether it holds for a task in `namespace`, which the subject created or not.
    pub fn covers(&self, namespace: &str, own: bool) -> bool {
        self.namespaces.contains(namespace) || own && self.own.contains(namespace)
    }

    /// What both permit.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let owned = |grant: &Self| grant.namespaces.or(&grant.own);
        Self { namespaces: self.namespaces.and(&other.namespaces), own: owned(self).and(&owned(other)) }
    }
}

impl Grants {
    /// Under this version of the policy; nothing yet.
    pub fn of_version(version: u64) -> Self {
        Self { version, ..Self::default() }
    }

    /// Everything, everywhere: authorization is turned off.
    pub fn everything() -> Self {
        let mut grants = Self::default();
        for &permission in Permission::ALL {
            grants.permit(permission, Grant::within(Namespaces::ALL));
        }
        grants
    }

    /// Adds one; what was permitted before stays.
    pub fn permit(&mut self, permission: Permission, grant: Grant) {
        let known = self.permitted.entry(permission).or_insert(Grant::NONE);
        *known = Grant { namespaces: known.namespaces.or(&grant.namespaces), own: known.own.or(&grant.own) };
    }

    /// They must be worked out again after this.
    #[must_use]
    pub fn until(self, valid_until: Timestamp) -> Self {
        Self { valid_until: Some(valid_until), ..self }
    }

    /// The same, within `namespaces` only: a credential may narrow what its subject may do. One for some namespaces
    /// has nothing of the service as a whole: it could not issue a token that is for all of them.
    #[must_use]
    pub fn narrowed(&self, namespaces: &Namespaces) -> Self {
        let mut narrowed = self.clone();
        narrowed.permitted.retain(|permission, _| !permission.is_of_the_service() || namespaces.is_open());
        for (_, grant) in
            narrowed.permitted.iter_mut().filter(|(permission, _)| !permission.is_of_the_service())
        {
            *grant = Grant { namespaces: grant.namespaces.and(namespaces), own: grant.own.and(namespaces) };
        }
        narrowed
    }

    /// The permissions that hold for more than they do in `other`; `same` says whether both are of the same name, so that
    /// what either created itself is the same.
    pub fn beyond(&self, other: &Self, same: bool) -> Vec<Permission> {
        let within = |namespaces: &Namespaces, of: &Namespaces| namespaces.and(&of.not()).is_none();
        let beyond = |&permission: &Permission| {
            let (mine, theirs) = (self.of(permission), other.of(permission));
            let own = if same { theirs.namespaces.or(&theirs.own) } else { theirs.namespaces.clone() };
            !within(&mine.namespaces, &theirs.namespaces) || !within(&mine.own, &own)
        };
        Permission::ALL.iter().copied().filter(beyond).collect()
    }

    /// Where this permission holds.
    pub fn of(&self, permission: Permission) -> &Grant {
        self.permitted.get(&permission).unwrap_or(&NOWHERE)
    }

    /// Whether it holds anywhere.
    pub fn any(&self, permission: Permission) -> bool {
        !self.of(permission).is_none()
    }

    /// How many names are in it, roughly: what it costs to keep.
    pub(super) fn size(&self) -> usize {
        let names = |set: &Namespaces| match set {
            Namespaces::Only(names) | Namespaces::Except(names) => names.len(),
        };
        self.permitted.values().map(|grant| 1 + names(&grant.namespaces) + names(&grant.own)).sum()
    }

    /// When they must be worked out again, if not only after a change of the policy.
    pub const fn valid_until(&self) -> Option<Timestamp> {
        self.valid_until
    }

    /// Of the policy they were worked out from.
    pub const fn version(&self) -> u64 {
        self.version
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NAMES: [&str; 3] = ["bank", "shop", "x"];

    fn namespaces() -> impl Strategy<Value = Namespaces> {
        let names = prop::sample::subsequence(NAMES.to_vec(), 0..=NAMES.len());
        (names, any::<bool>()).prop_map(|(names, all_but)| {
            let only = Namespaces::only(names);
            if all_but { only.not() } else { only }
        })
    }

    fn grants() -> impl Strategy<Value = Grants> {
        let grant = (namespaces(), namespaces()).prop_map(|(namespaces, own)| Grant { namespaces, own });
        let permission = prop::sample::select(&Permission::ALL[..3]);
        prop::collection::vec((permission, grant), 0..4).prop_map(|granted| {
            let mut grants = Grants::default();
            granted.into_iter().for_each(|(permission, grant)| grants.permit(permission, grant));
            grants
        })
    }

    proptest! {
        /// Exactly what one can do somewhere, to something, and the other can't.
        #[test]
        fn beyond_is_what_one_can_and_the_other_cant(mine in grants(), theirs in grants(), same: bool) {
            let can_more = |permission: &&Permission| {
                let (mine, theirs) = (mine.of(**permission), theirs.of(**permission));
                // What the holder of `mine` created: it is the other's own only where they are the same.
                let of = |name: &str| {
                    mine.covers(name, true) && !theirs.covers(name, same) || mine.covers(name, false) && !theirs.covers(name, false)
                };
                NAMES.iter().chain(&["elsewhere"]).any(|name| of(name))
            };
            let expected: Vec<Permission> = Permission::ALL.iter().filter(can_more).copied().collect();
            prop_assert_eq!(mine.beyond(&theirs, same), expected);
        }
    }
}
