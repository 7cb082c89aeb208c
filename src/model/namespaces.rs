//! Sets of namespaces: some, or all but some.

use std::{collections::BTreeSet, sync::Arc};

/// Where something is permitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Namespaces {
    /// In these, and nowhere else.
    Only(BTreeSet<Arc<str>>),
    /// Everywhere but in these.
    Except(BTreeSet<Arc<str>>),
}

impl Namespaces {
    /// Nowhere.
    pub const NONE: Self = Self::Only(BTreeSet::new());

    /// Everywhere.
    pub const ALL: Self = Self::Except(BTreeSet::new());

    /// In these.
    pub fn only(names: impl IntoIterator<Item = impl Into<Arc<str>>>) -> Self {
        Self::Only(names.into_iter().map(Into::into).collect())
    }

    /// Whether there is no namespace in it.
    pub fn is_none(&self) -> bool {
        matches!(self, Self::Only(names) if names.is_empty())
    }

    /// Whether every namespace is in it, those that don't exist yet as well.
    pub fn is_all(&self) -> bool {
        matches!(self, Self::Except(names) if names.is_empty())
    }

    /// Whether those that nobody named are in it.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Except(_))
    }

    /// Whether this one is in it.
    pub fn contains(&self, name: &str) -> bool {
        match self {
            Self::Only(names) => names.contains(name),
            Self::Except(names) => !names.contains(name),
        }
    }

    /// What is in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Only(a), Self::Only(b)) => Self::Only(a & b),
            (Self::Only(a), Self::Except(b)) | (Self::Except(b), Self::Only(a)) => Self::Only(a - b),
            (Self::Except(a), Self::Except(b)) => Self::Except(a | b),
        }
    }

    /// What is in either.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        self.not().and(&other.not()).not()
    }

    /// What is in any of them; each is looked at once, however many there are.
    pub fn union<'a>(sets: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut named = BTreeSet::new();
        let mut missing: Option<BTreeSet<Arc<str>>> = None;
        for set in sets {
            match set {
                Self::Only(names) => named.extend(names.iter().cloned()),
                Self::Except(names) => {
                    missing = Some(missing.map_or_else(|| names.clone(), |missing| &missing & names))
                }
            }
        }
        match missing {
            Some(missing) => Self::Except(&missing - &named),
            None => Self::Only(named),
        }
    }

    /// What is not in it.
    #[must_use]
    pub fn not(&self) -> Self {
        match self {
            Self::Only(names) => Self::Except(names.clone()),
            Self::Except(names) => Self::Only(names.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any() -> impl Strategy<Value = Namespaces> {
        (any_set(), prop::bool::ANY).prop_map(|(names, only)| match only {
            true => Namespaces::Only(names),
            false => Namespaces::Except(names),
        })
    }

    fn any_set() -> impl Strategy<Value = BTreeSet<Arc<str>>> {
        prop::collection::btree_set("[abc]".prop_map(Arc::from), 0..4)
    }

    proptest! {
        #[test]
        fn the_sets_mean_what_their_members_say(a in any(), b in any()) {
            for name in ["a", "b", "c", "elsewhere"] {
                prop_assert_eq!(a.and(&b).contains(name), a.contains(name) && b.contains(name));
                prop_assert_eq!(a.or(&b).contains(name), a.contains(name) || b.contains(name));
                prop_assert_eq!(a.not().contains(name), !a.contains(name));
                prop_assert_eq!(Namespaces::union([&a, &b]).contains(name), a.or(&b).contains(name));
            }
        }
    }
}
