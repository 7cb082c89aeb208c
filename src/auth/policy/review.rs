//! What is wrong with lines that are right by themselves.

use std::collections::HashMap;

use crate::model::template::did_you_mean;

use super::{
    cycle,
    line::{Effect, Line, Reading, Statement},
    name::{self, Kind},
    problem::Problems,
};

/// Looks at all lines together.
pub(super) fn all(reading: &Reading, problems: &mut Problems) {
    if reading.lines.is_empty() && !problems.any_error() {
        problems.error(
            None,
            "the policy is empty, so that nobody may do anything; write who may, \
             such as `p, role:admin, *, *, *, allow`",
        );
    }
    undefined_roles(reading, problems);
    repetitions(&reading.lines, problems);
    look_alikes(&reading.lines, problems);
    cycle::check(&reading.lines, problems);
}

/// A role is defined by a line that begins with it: what it may, or which other role it has.
fn undefined_roles(reading: &Reading, problems: &mut Problems) {
    const SUGGESTIONS: usize = 20;
    let mut left = SUGGESTIONS;
    for line in &reading.lines {
        if let Statement::Membership { role, .. } = &line.statement
            && !reading.defined.contains(role)
        {
            // What is wrong with a name is said in its own line; here it would be printed as it is.
            let roles = reading.defined.iter().map(String::as_str);
            let roles = roles.filter(|name| name::principal(name) == Ok(Kind::Role));
            let near = if left == 0 { String::new() } else { did_you_mean(role, roles) };
            left = left.saturating_sub(1);
            let message = format!("nothing is said about {role}, so it would grant nothing{near}");
            problems.error(line.number, format!("{message}; a p or g line that begins with it defines it"));
        }
    }
}

fn repetitions(lines: &[Line], problems: &mut Problems) {
    let mut first: HashMap<&Statement, u32> = HashMap::new();
    for line in lines {
        if let Some(first) = first.get(&line.statement) {
            problems.warning(line.number, format!("the same as line {first}; one of them can go"));
            continue;
        }
        if let Some(first) = opposite(&line.statement).and_then(|opposite| first.get(&opposite)) {
            let message =
                format!("line {first} says the opposite; deny wins, so the line with allow does nothing");
            problems.warning(line.number, message);
        }
        first.insert(&line.statement, line.number);
    }
}

fn opposite(statement: &Statement) -> Option<Statement> {
    let mut opposite = statement.clone();
    match &mut opposite {
        Statement::Rule { effect, .. } => {
            *effect = match effect {
                Effect::Allow => Effect::Deny,
                Effect::Deny => Effect::Allow,
            };
            Some(opposite)
        }
        Statement::Membership { .. } => None,
    }
}

/// Names are compared byte for byte: `Shop` and `shop` are two namespaces, `Admin` and `admin` two roles.
fn look_alikes(lines: &[Line], problems: &mut Problems) {
    let mut spellings: HashMap<String, Vec<(&str, u32)>> = HashMap::new();
    for line in lines {
        let names = match &line.statement {
            Statement::Rule { subject, namespace, .. } => vec![("", subject), ("the namespace ", namespace)],
            Statement::Membership { member, role, namespace } => {
                vec![("", member), ("", role), ("the namespace ", namespace)]
            }
        };
        for (kind, name) in names {
            let known = spellings.entry(format!("{kind}{}", name.to_lowercase())).or_default();
            if known.iter().any(|(spelling, _)| *spelling == name) {
                continue;
            }
            if let Some((other, at)) = known.first() {
                let message =
                    format!("{kind}{name} is another than {other} in line {at}: case makes a difference");
                problems.warning(line.number, message);
            }
            known.push((name, line.number));
        }
    }
}
