//! The policy file: who may do what, in which namespaces.
//!
//! ```text
//! p, <user:id | role:name>, <namespace | *>, <resource | *>, <action | *>, <allow | deny>
//! g, <user:id | role:name>, <role:name>, <namespace | *>
//! ```
//!
//! Deny wins. What nobody permits is denied. A subject `ada` is `user:ada`, a role `viewer` of its credential is
//! `role:viewer`; a role nobody defined grants nothing. `*` as the resource of an `allow` leaves out `tasker.api_token`
//! and `tasker.policy`, by which one could give oneself more.

mod compile;
mod coordinator;
mod cycle;
mod files;
mod index;
mod language;
mod line;
mod name;
mod problem;
mod review;
mod roles;
mod table;
mod vocabulary;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use self::{compile::compile, index::Index, problem::Problems};
use super::{Grants, Permission, Subject};

pub use self::{
    coordinator::{PolicyCoordinator, Version},
    files::PolicyFiles,
    problem::{Problem, Severity},
    table::Table,
};

/// One policy, checked and compiled. It never changes.
#[derive(Debug)]
pub struct Policy {
    index: Index,
    roles: BTreeSet<String>,
    namespaces: BTreeSet<String>,
    lines: usize,
    digest: String,
    warnings: Vec<Problem>,
}

impl Policy {
    /// Reads the files, or says everything that is wrong with them.
    pub fn load(files: &PolicyFiles) -> Result<Self, Vec<Problem>> {
        let mut problems = files::check_model(&files.model);
        match files::read_text(&files.policy)
            .and_then(|text| Self::read(&files.policy.display().to_string(), &text))
        {
            Ok(policy) if problems.is_empty() => Ok(policy),
            Ok(policy) => {
                problems.extend(policy.warnings);
                Err(problems)
            }
            Err(found) => {
                problems.extend(found);
                Err(problems)
            }
        }
    }

    /// Reads the lines of a file called `file`, or says everything that is wrong with them, warnings included.
    pub fn read(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let mut problems = Problems::of(file);
        let reading = line::read(text, &mut problems);
        review::all(&reading, &mut problems);
        if problems.any_error() {
            return Err(problems.in_order());
        }
        let compiled = compile(&reading.lines).map_err(|fault| {
            let mut problems = Problems::of(file);
            problems.error(None, fault);
            problems.found
        });
        let index = compiled?;
        if !index.anybody_has(Permission::PolicyUpdate) {
            problems.warning(
                None,
                "nobody has tasker.policy:update, so nobody can have a changed policy loaded but by a signal or a \
                 restart; `*` does not include it: write `p, role:admin, *, tasker.policy, *, allow`",
            );
        }
        Ok(Self {
            index,
            roles: reading.defined.into_iter().filter(|name| name.starts_with("role:")).collect(),
            namespaces: reading
                .lines
                .iter()
                .filter_map(|line| line.statement.named_namespace())
                .map(str::to_owned)
                .collect(),
            lines: reading.lines.len(),
            digest: blake3::hash(text.as_bytes()).to_hex()[..16].to_owned(),
            warnings: problems.in_order(),
        })
    }

    /// What the subject may do; what its credential narrows is not looked at.
    pub fn grants(&self, subject: &Subject, version: u64) -> Grants {
        let user = subject.name().map(|name| format!("user:{name}"));
        let roles: Vec<String> = subject.roles().iter().map(|role| format!("role:{role}")).collect();
        self.index.grants(user.iter().chain(&roles).map(String::as_str), version)
    }

    /// The roles that something is said about, such as `viewer`.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.roles.iter().filter_map(|role| role.strip_prefix("role:"))
    }

    /// The namespaces that are named in it.
    pub fn namespaces(&self) -> impl Iterator<Item = &str> {
        self.namespaces.iter().map(String::as_str)
    }

    /// How many lines say something.
    pub const fn lines(&self) -> usize {
        self.lines
    }

    /// Identifies the text of the file: the same on every node, and after a restart.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// What its author probably did not mean.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }
}
