//! One line of a policy file, read to the letter.
//!
//! The words are separated by commas; spaces and tabs around them don't count. A `#` at the beginning of a line or
//! behind a space starts a comment. There are no quotes, because no name may have a comma in it.

use std::collections::HashSet;

use crate::model::template::did_you_mean;

use super::{
    name::{self, Kind},
    problem::{Problems, shown},
    vocabulary::{self, ANY},
};

/// A line that says something, and is right as far as it can be judged alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Counted from one.
    pub number: u32,
    pub statement: Statement,
}

/// Every word is checked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Statement {
    /// `p`: who may, or may not, do what, where.
    Rule { subject: String, namespace: String, resource: String, action: String, effect: Effect },
    /// `g`: who has which role, where.
    Membership { member: String, role: String, namespace: String },
}

impl Statement {
    /// Whom it is about.
    pub fn subject(&self) -> &str {
        match self {
            Self::Rule { subject, .. } => subject,
            Self::Membership { member, .. } => member,
        }
    }

    /// Where it holds, unless that is everywhere.
    pub fn named_namespace(&self) -> Option<&str> {
        match self {
            Self::Rule { namespace, .. } | Self::Membership { namespace, .. } => {
                Some(&**namespace).filter(|name| *name != ANY)
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Effect {
    Allow,
    Deny,
}

impl Effect {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub lines: Vec<Line>,
    /// Roles that something is said about, in lines with mistakes as well.
    pub defined: HashSet<String>,
}

/// Reads every line; what is wrong goes to `problems`.
pub(super) fn read(text: &str, problems: &mut Problems) -> Reading {
    let mut reading = Reading::default();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (number, line) in (1..).zip(text.lines()) {
        let words: Vec<&str> = without_comment(line).split(',').map(trimmed).collect();
        if words != [""] {
            let statement = Words { words, number, problems, defined: &mut reading.defined }.read();
            reading.lines.extend(statement.map(|statement| Line { number, statement }));
        }
    }
    reading
}

fn without_comment(line: &str) -> &str {
    let starts = |at: usize| at == 0 || line[..at].ends_with([' ', '\t']);
    let comment = line.match_indices('#').map(|(at, _)| at).find(|&at| starts(at));
    comment.map_or(line, |at| &line[..at])
}

/// Only what one sees as space: any other character is looked at, and refused.
fn trimmed(word: &str) -> &str {
    word.trim_matches([' ', '\t', '\r'])
}

struct Words<'a> {
    words: Vec<&'a str>,
    number: u32,
    problems: &'a mut Problems,
    defined: &'a mut HashSet<String>,
}

impl Words<'_> {
    fn read(mut self) -> Option<Statement> {
        let words = std::mem::take(&mut self.words);
        if words.iter().any(|word| word.contains('"')) {
            self.wrong("quotes are not part of the format: no name has a comma, a space or a quote in it");
            return None;
        }
        match words[..] {
            ["p", subject, namespace, resource, action, effect] => {
                self.rule(subject, namespace, resource, action, effect)
            }
            ["g", member, role, namespace] => self.membership(member, role, namespace),
            ["p", ..] => {
                let form =
                    "p, <user:id | role:name>, <namespace | *>, <resource | *>, <action | *>, <allow | deny>";
                self.wrong(format!(
                    "a p line has 5 words behind the p, this one {}: {form}",
                    words.len() - 1
                ));
                None
            }
            ["g", ..] => {
                let form = "g, <user:id | role:name>, <role:name>, <namespace | *>";
                self.wrong(format!(
                    "a g line has 3 words behind the g, this one {}: {form}",
                    words.len() - 1
                ));
                None
            }
            [first, ..] => {
                let first = shown(first);
                self.wrong(format!(
                    "a line begins with `p` (who may do what) or `g` (who has which role), not with {first}"
                ));
                None
            }
            [] => None,
        }
    }

    fn rule(
        &mut self,
        subject: &str,
        namespace: &str,
        resource: &str,
        action: &str,
        effect: &str,
    ) -> Option<Statement> {
        self.principal(subject);
        let is_right = [
            self.check(name::principal(subject).map(drop)),
            self.check(name::namespace(namespace)),
            self.check(vocabulary::resource(resource)),
            vocabulary::resource(resource).is_ok() && self.check(vocabulary::action(resource, action)),
            namespace == ANY || self.check(of_a_namespace(resource)),
        ];
        let effect = self.effect(effect)?;
        let own = str::to_owned;
        is_right.iter().all(|right| *right).then(|| Statement::Rule {
            subject: own(subject),
            namespace: own(namespace),
            resource: own(resource),
            action: own(action),
            effect,
        })
    }

    fn membership(&mut self, member: &str, role: &str, namespace: &str) -> Option<Statement> {
        self.principal(member);
        let is_role = name::principal(role).and_then(|kind| match kind {
            Kind::Role => Ok(()),
            Kind::User => {
                Err(format!("nobody can be {}: the second word is a role, `role:name`", shown(role)))
            }
        });
        let is_right = [
            self.check(name::principal(member).map(drop)),
            self.check(is_role),
            self.check(name::namespace(namespace)),
        ];
        let own = str::to_owned;
        is_right.iter().all(|right| *right).then(|| Statement::Membership {
            member: own(member),
            role: own(role),
            namespace: own(namespace),
        })
    }

    fn principal(&mut self, word: &str) {
        self.defined.insert(word.to_owned());
    }

    fn effect(&mut self, word: &str) -> Option<Effect> {
        match word {
            "allow" => Some(Effect::Allow),
            "deny" => Some(Effect::Deny),
            _ => {
                let near = did_you_mean(&word.to_lowercase(), ["allow", "deny"]);
                self.wrong(format!("the last word is `allow` or `deny`, not {}{near}", shown(word)));
                None
            }
        }
    }

    fn check(&mut self, word: Result<(), String>) -> bool {
        word.map_err(|message| self.wrong(message)).is_ok()
    }

    fn wrong(&mut self, message: impl Into<String>) {
        self.problems.error(self.number, message);
    }
}

fn of_a_namespace(resource: &str) -> Result<(), String> {
    if vocabulary::is_of_the_service(resource) {
        return Err(format!(
            "{resource} belongs to no namespace, so none narrows it: write `*` as the namespace"
        ));
    }
    Ok(())
}
