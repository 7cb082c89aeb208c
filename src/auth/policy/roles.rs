//! Who has which role, where. `*` as the namespace of a line is every namespace.
//!
//! casbin asks it as its role manager while it evaluates the model; grants are worked out from the same graph. Unlike
//! casbin's own role manager it keeps one graph, not a copy for each namespace, and has no greatest depth.

use std::collections::{BTreeMap, HashMap, HashSet};

use casbin::{MatchingFn, RoleManager};

use crate::auth::Namespaces;

use super::vocabulary::ANY;

/// A graph from members to roles, with the namespaces where each link holds.
#[derive(Debug, Default)]
pub(super) struct Roles {
    names: Vec<String>,
    numbers: HashMap<String, usize>,
    links: Vec<BTreeMap<usize, Namespaces>>,
}

impl Roles {
    /// Everything that someone is who is each of `starts` everywhere, and where: themselves, and roles through roles.
    pub fn reach<'a>(&'a self, starts: impl IntoIterator<Item = &'a str>) -> Vec<(&'a str, Namespaces)> {
        let mut reached = Vec::new();
        let mut roots = Vec::new();
        for name in starts {
            match self.numbers.get(name) {
                Some(&number) => roots.push(number),
                None => reached.push((name, Namespaces::ALL)),
            }
        }
        let mut held: HashMap<usize, Vec<Namespaces>> =
            roots.iter().map(|&root| (root, vec![Namespaces::ALL])).collect();
        for number in self.members_first(&roots) {
            let here = Namespaces::union(held.get(&number).into_iter().flatten());
            if here.is_none() {
                continue;
            }
            for (&role, scope) in &self.links[number] {
                held.entry(role).or_default().push(here.and(scope));
            }
            reached.push((&*self.names[number], here));
        }
        reached
    }

    /// What can be reached from the roots, each after everything that links to it. A policy with a cycle is refused
    /// before it comes here; if there were one, its roles would be held in fewer namespaces, never in more.
    fn members_first(&self, roots: &[usize]) -> Vec<usize> {
        let mut order = Vec::new();
        let mut seen = HashSet::new();
        for &root in roots {
            let mut open = Vec::new();
            if seen.insert(root) {
                open.push((root, self.links[root].keys()));
            }
            while let Some((number, rest)) = open.last_mut() {
                match rest.find(|role| seen.insert(**role)) {
                    Some(&role) => open.push((role, self.links[role].keys())),
                    None => {
                        order.push(*number);
                        open.pop();
                    }
                }
            }
        }
        order.reverse();
        order
    }

    fn number(&mut self, name: &str) -> usize {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = self.names.len();
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        self.links.push(BTreeMap::new());
        number
    }

    fn neighbours(&self, number: usize, namespace: Option<&str>) -> impl Iterator<Item = usize> {
        let holds = move |scope: &Namespaces| scope.contains(namespace.unwrap_or(ANY));
        self.links[number].iter().filter(move |(_, scope)| holds(scope)).map(|(role, _)| *role)
    }
}

fn scope(domain: Option<&str>) -> Namespaces {
    match domain {
        None | Some(ANY) => Namespaces::ALL,
        Some(name) => Namespaces::only([name]),
    }
}

impl RoleManager for Roles {
    fn clear(&mut self) {
        *self = Self::default();
    }

    fn add_link(&mut self, member: &str, role: &str, domain: Option<&str>) {
        let (member, role) = (self.number(member), self.number(role));
        let known = self.links[member].entry(role).or_insert(Namespaces::NONE);
        match (known, domain) {
            // A member with a role in thousands of namespaces: nothing is copied for the next.
            (Namespaces::Only(names), Some(domain)) if domain != ANY => _ = names.insert(domain.into()),
            (known, domain) => *known = known.or(&scope(domain)),
        }
    }

    /// The meaning of `*` is fixed.
    fn matching_fn(&mut self, _: Option<MatchingFn>, _: Option<MatchingFn>) {}

    fn delete_link(&mut self, member: &str, role: &str, domain: Option<&str>) -> casbin::Result<()> {
        let (member, role) = (self.number(member), self.number(role));
        if let Some(known) = self.links[member].get_mut(&role) {
            *known = known.and(&scope(domain).not());
        }
        Ok(())
    }

    fn has_link(&self, member: &str, role: &str, domain: Option<&str>) -> bool {
        if member == role {
            return true;
        }
        let (Some(&member), Some(&role)) = (self.numbers.get(member), self.numbers.get(role)) else {
            return false;
        };
        let mut seen = HashSet::from([member]);
        let mut open = vec![member];
        while let Some(number) = open.pop() {
            if number == role {
                return true;
            }
            open.extend(self.neighbours(number, domain).filter(|next| seen.insert(*next)));
        }
        false
    }

    fn get_roles(&self, name: &str, domain: Option<&str>) -> Vec<String> {
        let number = self.numbers.get(name);
        let roles = number.into_iter().flat_map(|&number| self.neighbours(number, domain));
        roles.map(|role| self.names[role].clone()).collect()
    }

    fn get_users(&self, name: &str, domain: Option<&str>) -> Vec<String> {
        let Some(&role) = self.numbers.get(name) else { return Vec::new() };
        let members =
            (0..self.names.len()).filter(|&member| self.neighbours(member, domain).any(|next| next == role));
        members.map(|member| self.names[member].clone()).collect()
    }
}
