//! The policy as it is looked up: what casbin would answer for every permission and namespace, by sets of namespaces.
//!
//! For one subject, casbin's model permits what some matching line allows and no matching line denies; a line matches
//! where the subject is, or has the role of, its first word. Here the same is said once for all namespaces: a line
//! counts where its own namespaces and those of the role meet; what is allowed minus what is denied is granted. What
//! is of the service as a whole is asked for in a namespace that no line can name, so it is all or nothing. That
//! this equals `enforce` is tested on random policies, and compared on each policy that is loaded.

use std::{collections::HashMap, sync::Arc};

use parking_lot::RwLock;

use crate::auth::{Grant, Grants, Namespaces, Permission};

use super::{
    language::Language,
    roles::Roles,
    vocabulary::{self, ANY},
};

/// Lines by the one they are about.
#[derive(Debug)]
pub(super) struct Index {
    roles: Arc<RwLock<Roles>>,
    rules: HashMap<String, Vec<Rule>>,
}

#[derive(Debug)]
struct Rule {
    namespaces: Namespaces,
    permissions: Box<[Permission]>,
    deny: bool,
}

impl Index {
    /// From the lines and roles that casbin has.
    pub fn new(language: &Language, roles: Arc<RwLock<Roles>>) -> Self {
        let mut rules: HashMap<String, Vec<Rule>> = HashMap::new();
        for words in language.rules() {
            let [subject, namespace, resource, action, effect] = &words[..] else { continue };
            let deny = effect == "deny";
            let rule = Rule {
                namespaces: if namespace == ANY { Namespaces::ALL } else { Namespaces::only([&**namespace]) },
                permissions: vocabulary::permissions(resource, action, deny).into(),
                deny,
            };
            rules.entry(subject.clone()).or_default().push(rule);
        }
        Self { roles, rules }
    }

    /// What someone may do who is each of `starts` everywhere. One who is denied as one of them is denied.
    pub fn grants<'a>(&self, starts: impl IntoIterator<Item = &'a str>, version: u64) -> Grants {
        #[derive(Default)]
        struct Found {
            allowed: Vec<Namespaces>,
            denied: Vec<Namespaces>,
        }
        let starts: Vec<&str> = starts.into_iter().collect();
        let roles = self.roles.read();
        let mut found: HashMap<Permission, Found> = HashMap::new();
        for (name, held) in roles.reach(starts.iter().copied()) {
            for rule in self.rules.get(name).into_iter().flatten() {
                let here = rule.namespaces.and(&held);
                for &permission in rule.permissions.iter().filter(|_| !here.is_none()) {
                    let found = found.entry(permission).or_default();
                    if rule.deny { &mut found.denied } else { &mut found.allowed }.push(here.clone());
                }
            }
        }
        let mut grants = Grants::of_version(version);
        for (permission, Found { allowed, denied }) in found {
            let namespaces = Namespaces::union(&allowed).and(&Namespaces::union(&denied).not());
            let namespaces = match permission.is_of_the_service() {
                // It is in none of the namespaces that lines name.
                true if namespaces.is_open() => Namespaces::ALL,
                true => Namespaces::NONE,
                false => namespaces,
            };
            if !namespaces.is_none() {
                grants.permit(permission, Grant::within(namespaces));
            }
        }
        grants
    }

    /// Whether there is anybody who has it: one of those it is said about.
    pub fn anybody_has(&self, permission: Permission) -> bool {
        let allows = |rule: &Rule| !rule.deny && rule.permissions.contains(&permission);
        let mut named = self.rules.iter().filter(|(_, rules)| rules.iter().any(allows)).map(|(name, _)| name);
        named.any(|name| self.grants([name.as_str()], 0).any(permission))
    }
}
