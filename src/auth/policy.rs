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

mod coordinator;
mod cycle;
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

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use parking_lot::RwLock;

use self::{
    index::Index,
    language::Language,
    line::{Line, Statement},
    problem::Problems,
    roles::Roles,
};
use super::{Grants, Permission, Subject};

pub use self::{
    coordinator::{PolicyCoordinator, Version},
    problem::{Problem, Severity},
    table::Table,
};

/// The largest policy file.
const MAX_BYTES: usize = 16 << 20;

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

/// Where a policy is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFiles {
    /// The lines.
    pub policy: PathBuf,
    /// The model beside it, which must be the built-in one where it is there.
    pub model: PathBuf,
}

impl Policy {
    /// Reads the files, or says everything that is wrong with them.
    pub fn load(files: &PolicyFiles) -> Result<Self, Vec<Problem>> {
        let mut problems = check_model(&files.model);
        match read_text(&files.policy).and_then(|text| Self::read(&files.policy.display().to_string(), &text))
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
            namespaces: reading.lines.iter().filter_map(named_namespace).map(str::to_owned).collect(),
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
        self.roles.iter().map(|role| role.trim_start_matches("role:"))
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

/// Through casbin to what is looked up; refused where the two do not agree.
fn compile(lines: &[Line]) -> Result<Index, String> {
    let roles = Arc::new(RwLock::new(Roles::default()));
    let language = Language::new(lines, roles.clone()).map_err(|fault| fault.to_string())?;
    let index = Index::new(&language, roles);
    compare(&index, &language, lines)?;
    Ok(index)
}

/// Asks casbin about a part of everything that can be asked, the same for the same policy. Its time is bounded: casbin
/// looks at every line for every question.
fn compare(index: &Index, language: &Language, lines: &[Line]) -> Result<(), String> {
    const LOOKS: usize = 4_000;
    let subjects: BTreeSet<&str> = lines.iter().map(subject).chain(["user:somebody-else"]).collect();
    let namespaces: BTreeSet<&str> =
        lines.iter().filter_map(named_namespace).chain(["somewhere-else"]).collect();
    let questions = (LOOKS / lines.len().max(1)).clamp(4, 100);
    let pick = |count: usize, no: usize, step: usize| no.wrapping_mul(step) % count.max(1);
    for no in 0..questions {
        let subject = subjects.iter().nth(pick(subjects.len(), no, 7_919)).copied().unwrap_or_default();
        let namespace =
            namespaces.iter().nth(pick(namespaces.len(), no, 104_729)).copied().unwrap_or_default();
        let permission = Permission::ALL[pick(Permission::ALL.len(), no, 31)];
        let said = language.enforce(subject, namespace, permission).map_err(|fault| fault.to_string())?;
        if index.grants([subject], 0).of(permission).namespaces.contains(namespace) != said {
            return Err(format!(
                "casbin and Tasker do not agree whether {subject} has {permission} in {namespace}; \
                 this is a mistake of Tasker's: please report it with the policy"
            ));
        }
    }
    Ok(())
}

fn subject(line: &Line) -> &str {
    match &line.statement {
        Statement::Rule { subject, .. } => subject,
        Statement::Membership { member, .. } => member,
    }
}

fn named_namespace(line: &Line) -> Option<&str> {
    match &line.statement {
        Statement::Rule { namespace, .. } | Statement::Membership { namespace, .. } => {
            Some(&**namespace).filter(|name| *name != vocabulary::ANY)
        }
    }
}

fn read_text(path: &Path) -> Result<String, Vec<Problem>> {
    let mut problems = Problems::of(&path.display().to_string());
    let bytes = match fs::metadata(path).and_then(|found| match found.len() > MAX_BYTES as u64 {
        true => Err(io::Error::other(format!("it has more than {MAX_BYTES} bytes"))),
        false => fs::read(path),
    }) {
        Ok(bytes) => bytes,
        Err(error) => {
            problems.error(
                None,
                format!("the policy can't be read: {error}; authorization.policy names it, and without one nobody may do anything"),
            );
            return Err(problems.found);
        }
    };
    String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        problems.error(u32::try_from(line).ok(), "this is not UTF-8; save the file as UTF-8");
        problems.found
    })
}

fn check_model(path: &Path) -> Vec<Problem> {
    let mut problems = Problems::of(&path.display().to_string());
    match fs::read_to_string(path) {
        Ok(text) => {
            if let Some((line, found)) = language::differs(&text) {
                problems.error(
                    line,
                    format!(
                        "the model is not the one that is built in, beginning with {}; it can't be changed: \
                         restore the file, or delete it",
                        problem::shown(&found)
                    ),
                );
            }
        }
        // It is built in.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => problems.error(None, format!("the model can't be read: {error}")),
    }
    problems.found
}
