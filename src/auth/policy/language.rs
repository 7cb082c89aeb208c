//! casbin, fenced: its model is built in, its policy is what was checked line by line, its off switch can't be reached
//! from outside of this file, and an error or a panic of it is an answer of ours that permits nothing.

use std::{panic, sync::Arc};

use casbin::{Adapter, CoreApi, DefaultModel, Enforcer, MemoryAdapter};
use futures_util::FutureExt;
use parking_lot::RwLock;

use crate::auth::Permission;

use super::{
    line::{Line, Statement},
    roles::Roles,
};

/// The model: how lines are read and who wins.
pub(super) const MODEL: &str = include_str!("model.conf");

/// Where the service as a whole is: no namespace can have this name, so only `*` covers it.
pub(super) const NO_NAMESPACE: &str = "/";

/// casbin could not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("casbin can't evaluate the policy: {0}")]
pub(super) struct Fault(String);

/// A casbin enforcer for one policy.
pub(super) struct Language {
    enforcer: Enforcer,
}

impl Language {
    /// Hands the lines to casbin. It puts the links of roles into `roles`.
    pub fn new(lines: &[Line], roles: Arc<RwLock<Roles>>) -> Result<Self, Fault> {
        let (mut rules, mut memberships) = (Vec::new(), Vec::new());
        for line in lines {
            match words(&line.statement) {
                ("p", words) => rules.push(words),
                (_, words) => memberships.push(words),
            }
        }
        let enforcer = fenced(|| {
            // Nothing here waits for anything: casbin's interface is async for adapters that do.
            let enforcer = async move {
                let mut adapter = MemoryAdapter::default();
                adapter.add_policies("p", "p", rules).await?;
                adapter.add_policies("g", "g", memberships).await?;
                let mut enforcer = Enforcer::new_raw(DefaultModel::from_str(MODEL).await?, adapter).await?;
                enforcer.set_role_manager(roles)?;
                enforcer.load_policy().await?;
                Ok::<_, casbin::Error>(enforcer)
            };
            enforcer.now_or_never().transpose()
        })?;
        let enforcer = enforcer.ok_or_else(|| Fault("it waits for something".to_owned()))?;
        if !enforcer.is_enabled() {
            return Err(Fault("it is turned off".to_owned()));
        }
        Ok(Self { enforcer })
    }

    /// The `p` lines as casbin has them: subject, namespace, resource, action, effect.
    pub fn rules(&self) -> Vec<Vec<String>> {
        self.enforcer.get_model().get_policy("p", "p")
    }

    /// What casbin says, line by line. It costs time for every line, so requests are not decided by it.
    pub fn enforce(&self, subject: &str, namespace: &str, permission: Permission) -> Result<bool, Fault> {
        let namespace = if permission.is_of_the_service() { NO_NAMESPACE } else { namespace };
        fenced(|| self.enforcer.enforce((subject, namespace, permission.resource(), permission.action())))
    }
}

/// The words of a line as casbin's columns, and which kind of line it is.
pub(super) fn words(statement: &Statement) -> (&'static str, Vec<String>) {
    match statement {
        Statement::Rule { subject, namespace, resource, action, effect } => {
            ("p", [subject, namespace, resource, action, effect.as_str()].map(str::to_owned).to_vec())
        }
        Statement::Membership { member, role, namespace } => {
            ("g", [member, role, namespace].map(String::to_owned).to_vec())
        }
    }
}

fn fenced<T>(ask: impl FnOnce() -> casbin::Result<T>) -> Result<T, Fault> {
    match panic::catch_unwind(panic::AssertUnwindSafe(ask)) {
        Ok(answer) => answer.map_err(|error| Fault(error.to_string())),
        Err(_) => Err(Fault("it panicked".to_owned())),
    }
}

/// Whether a model file says what is built in, whatever its comments and spaces; or the first line that does not.
pub(super) fn differs(text: &str) -> Option<(u32, String)> {
    let (built_in, given) = (logical_lines(MODEL), logical_lines(text));
    let first =
        built_in.iter().zip(&given).find(|((_, a), (_, b))| a != b).map(|(_, (line, b))| (*line, b.clone()));
    first.or_else(|| match given.len().cmp(&built_in.len()) {
        std::cmp::Ordering::Less => Some((given.last().map_or(1, |(line, _)| *line), "its end".to_owned())),
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => given.get(built_in.len()).cloned(),
    })
}

/// Without comments and empty lines; what a backslash continues is one line.
fn logical_lines(text: &str) -> Vec<(u32, String)> {
    let mut lines: Vec<(u32, String)> = Vec::new();
    let mut continues = false;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        let (part, goes_on) = line.strip_suffix('\\').map_or((&*line, false), |part| (part.trim_end(), true));
        match lines.last_mut().filter(|_| continues) {
            Some((_, before)) => before.extend([" ", part]),
            None => lines.push((number, part.to_owned())),
        }
        continues = goes_on;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_wrong_in_casbin_is_a_fault_and_no_answer() {
        assert_eq!(
            fenced(|| -> casbin::Result<bool> { panic!("unwrap") }),
            Err(Fault("it panicked".to_owned()))
        );
        let language = Language::new(&[], Arc::new(RwLock::new(Roles::default()))).expect("an empty policy");
        let too_few = fenced(|| language.enforcer.enforce(("user:ada", "shop")));
        assert!(too_few.is_err(), "casbin refuses a question with another number of words");
        assert_eq!(language.enforce("user:ada", "shop", Permission::TaskIndex), Ok(false));
    }
}
