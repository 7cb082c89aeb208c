//! Roles that are part of themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    line::{Line, Statement},
    problem::Problems,
    vocabulary::ANY,
};

/// From a member to its roles, with the line of each.
type Links<'a> = BTreeMap<&'a str, Vec<(&'a str, u32)>>;

/// Refuses each cycle that there is in some namespace, with the way around it.
pub(super) fn check(lines: &[Line], problems: &mut Problems) {
    if cycles(&links(lines, |_| true)).is_empty() {
        return;
    }
    // Lines for different namespaces make no cycle together.
    let namespaces: BTreeSet<&str> =
        lines.iter().filter_map(membership).map(|(_, _, namespace, _)| namespace).collect();
    let mut told = BTreeSet::new();
    for here in namespaces {
        for cycle in cycles(&links(lines, |namespace| namespace == here || namespace == ANY)) {
            let line = cycle.iter().map(|(_, line)| *line).max();
            if told.insert(cycle.iter().map(|(_, line)| *line).collect::<BTreeSet<_>>()) {
                problems.error(line, sentence(&cycle));
            }
        }
    }
}

fn membership(line: &Line) -> Option<(&str, &str, &str, u32)> {
    match &line.statement {
        Statement::Membership { member, role, namespace } => Some((member, role, namespace, line.number)),
        Statement::Rule { .. } => None,
    }
}

fn links(lines: &[Line], holds: impl Fn(&str) -> bool) -> Links<'_> {
    let mut links = Links::new();
    for (member, role, namespace, line) in lines.iter().filter_map(membership) {
        if holds(namespace) {
            links.entry(member).or_default().push((role, line));
        }
    }
    links
}

/// Each as the roles on the way with the lines that lead on from them: one for each link that leads back.
fn cycles<'a>(links: &Links<'a>) -> Vec<Vec<(&'a str, u32)>> {
    let roles_of = |name: &str| links.get(name).map_or(&[][..], Vec::as_slice).iter();
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for &start in links.keys() {
        if !seen.insert(start) {
            continue;
        }
        let mut path = vec![(start, 0)];
        let mut on_path = BTreeSet::from([start]);
        let mut open = vec![roles_of(start)];
        while let Some(rest) = open.last_mut() {
            let Some(&(role, line)) = rest.next() else {
                open.pop();
                if let Some((left, _)) = path.pop() {
                    on_path.remove(left);
                }
                continue;
            };
            if let Some(last) = path.last_mut() {
                last.1 = line;
            }
            if on_path.contains(role) {
                found.push(path.iter().skip_while(|(name, _)| *name != role).copied().collect());
            } else if seen.insert(role) {
                path.push((role, 0));
                on_path.insert(role);
                open.push(roles_of(role));
            }
        }
    }
    found
}

fn sentence(cycle: &[(&str, u32)]) -> String {
    const SHOWN: usize = 20;
    let first = cycle.first().map_or("", |(name, _)| *name);
    let mut way: Vec<&str> = cycle.iter().map(|(name, _)| *name).take(SHOWN).collect();
    if cycle.len() > SHOWN {
        way.push("…");
    }
    let mut lines: Vec<String> = cycle.iter().map(|(_, line)| line.to_string()).take(SHOWN).collect();
    lines.dedup();
    let lines = lines.join(", ");
    format!(
        "{first} is part of itself: {} → {first} (lines {lines}); remove one of these lines",
        way.join(" → ")
    )
}
