//! What is kept of a decision: that somebody did something, or was refused it. Never what was sent along.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{id::TaskId, time::Timestamp};

/// Longer names are cut.
const MOST_CHARS: usize = 200;

/// Whether it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was permitted, and done: the record is in the transaction that did it.
    Allowed,
    /// It was refused, and nothing of it was done.
    Refused,
}

/// How it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// A GraphQL query.
    Query,
    /// A GraphQL mutation.
    Mutation,
    /// A GraphQL subscription.
    Subscription,
    /// The REST API, which runs one or the other.
    Rest,
    /// The command line, beside the service.
    Command,
    /// A credential was shown, and refused.
    SignIn,
    /// Nobody asked: the service itself, as the settings of `retention` say.
    Retention,
}

/// What somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Act {
    /// Whether it was done.
    pub verdict: Verdict,
    /// Why it was refused: the code of the answer.
    pub code: Option<String>,
    /// Who asked; none for nobody in particular.
    pub subject: Option<Arc<str>>,
    /// By which token of the service, where it was one.
    pub credential: Option<Arc<str>>,
    /// What the caller calls the operation.
    pub operation: Option<String>,
    /// How it was asked for.
    pub way: Way,
    /// The root fields, each once.
    pub fields: Vec<String>,
    /// What they need.
    pub permissions: Vec<String>,
    /// What of that the subject does not have.
    pub missing: Vec<String>,
    /// The policy that it was decided by.
    pub policy_version: Option<u64>,
    /// The request that it came with.
    pub request_id: Option<Arc<str>>,
}

/// One record of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// Its id; in the order of time.
    pub id: Uuid,
    /// When; the first time, of several.
    pub occurred_at: Timestamp,
    /// The last time.
    pub last_at: Timestamp,
    /// How often: refusals that are alike are counted, up to a minute long.
    pub count: u64,
    /// What.
    pub act: Act,
    /// In this namespace; none for no single one.
    pub namespace: Option<String>,
    /// About this task; none for no single one.
    pub task: Option<TaskId>,
    /// About this token.
    pub token: Option<Uuid>,
}

impl AuditRecord {
    /// It happened now, once.
    pub fn new(act: Act, now: Timestamp) -> Self {
        Self {
            id: Uuid::now_v7(),
            occurred_at: now,
            last_at: now,
            count: 1,
            act,
            namespace: None,
            task: None,
            token: None,
        }
    }

    /// The same, in this namespace.
    #[must_use]
    pub fn within(self, namespace: impl Into<String>) -> Self {
        Self { namespace: Some(namespace.into()), ..self }
    }

    /// The same, about this token.
    #[must_use]
    pub fn about_token(self, token: Uuid) -> Self {
        Self { token: Some(token), ..self }
    }

    /// The same, about this task.
    #[must_use]
    pub fn about(self, task: TaskId) -> Self {
        Self { task: Some(task), ..self }
    }
}

impl Verdict {
    /// As it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Refused => "refused",
        }
    }

    /// Reads what was stored.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Allowed, Self::Refused].into_iter().find(|one| one.as_str() == text)
    }
}

impl Way {
    const ALL: [Self; 7] = [
        Self::Query,
        Self::Mutation,
        Self::Subscription,
        Self::Rest,
        Self::Command,
        Self::SignIn,
        Self::Retention,
    ];

    /// As it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Mutation => "mutation",
            Self::Subscription => "subscription",
            Self::Rest => "rest",
            Self::Command => "command",
            Self::SignIn => "sign_in",
            Self::Retention => "retention",
        }
    }

    /// Reads what was stored.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }
}

/// A caller's words, fit for one line of a log: control characters are escaped, and what is too long is cut.
pub fn printable(text: &str) -> String {
    let mut fit = String::new();
    for (place, character) in text.chars().enumerate() {
        if place == MOST_CHARS {
            fit.push('…');
            break;
        }
        match character.is_control() || is_invisible(character) {
            true => fit.extend(character.escape_unicode()),
            false => fit.push(character),
        }
    }
    fit
}

/// Marks that change how the text around them is shown, and line ends that are no control characters.
const fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// H03: no line of a log is forged or filled.
    #[test]
    fn words_of_callers_stay_on_one_line() {
        assert_eq!(printable("Cancel"), "Cancel");
        assert_eq!(printable("a\nb\u{1b}[31m\u{202e}"), "a\\u{a}b\\u{1b}[31m\\u{202e}");
        assert_eq!(printable(&"é".repeat(1_000_000)).chars().count(), MOST_CHARS + 1);
    }

    #[test]
    fn what_is_stored_reads_back() {
        assert!(Way::ALL.iter().all(|way| Way::parse(way.as_str()) == Some(*way)));
        assert_eq!(Verdict::parse("refused"), Some(Verdict::Refused));
        assert!(Verdict::parse("").is_none() && Way::parse("").is_none());
    }
}
