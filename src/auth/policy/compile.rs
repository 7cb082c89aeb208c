//! From the lines, through casbin, to what is looked up; and the comparison of the two.

use std::{collections::BTreeSet, sync::Arc};

use parking_lot::RwLock;

use crate::auth::Permission;

use super::{index::Index, language::Language, line::Line, roles::Roles};

/// Through casbin to what is looked up; refused where the two do not agree.
pub(super) fn compile(lines: &[Line]) -> Result<Index, String> {
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
    let subjects: BTreeSet<&str> =
        lines.iter().map(|line| line.statement.subject()).chain(["user:somebody-else"]).collect();
    let namespaces: BTreeSet<&str> =
        lines.iter().filter_map(|line| line.statement.named_namespace()).chain(["somewhere-else"]).collect();
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
