//! The keys of one source against the keys there are.

use serde_yaml::{Mapping, Value};

use super::{suggest, tree};

/// A key and what is wrong with it.
pub type Finding = (String, String);

/// What is left of a source's tree without its unknown keys, and what is wrong with those.
pub fn keys(defaults: &Value, given: Value) -> (Mapping, Vec<Finding>) {
    let mut findings = Vec::new();
    let kept = section(defaults, "", given, &mut findings);
    (kept, findings)
}

/// The section at `key`. One that is empty, as when all its keys are comments, is fine.
fn section(defaults: &Value, key: &str, given: Value, findings: &mut Vec<Finding>) -> Mapping {
    let given = match given {
        Value::Mapping(given) => given,
        Value::Null => Mapping::new(),
        other => {
            findings
                .push((key.to_owned(), format!("expected a section with keys, not {}", tree::kind(&other))));
            Mapping::new()
        }
    };
    given.into_iter().filter_map(|(name, value)| entry(defaults, key, name, value, findings)).collect()
}

/// One key of the section at `parent`.
fn entry(
    defaults: &Value,
    parent: &str,
    name: Value,
    value: Value,
    findings: &mut Vec<Finding>,
) -> Option<(Value, Value)> {
    let word = tree::text(&name);
    let key = tree::join(parent, &word);
    let (_, known) = tree::setting(defaults, parent);
    match tree::section(known).and_then(|known| known.get(&name)) {
        None => {
            findings.push((key, suggest::known(defaults, parent, &word)));
            None
        }
        Some(inner) if tree::section(inner).is_some() => {
            Some((name, section(defaults, &key, value, findings).into()))
        }
        Some(_) => Some((name, value)),
    }
}
