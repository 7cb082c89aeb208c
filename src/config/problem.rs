//! What is wrong with the settings, all of it at once.

use std::fmt;

/// One thing that is wrong: where it was set, which key, and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// A file, a variable or an option; `the defaults` where nobody set it.
    pub origin: String,
    /// The key's path, such as `server.listen`. Empty where the whole source is meant.
    pub key: String,
    /// What is wrong and what would be right. Never a resolved `${VAR}` or a password.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, key, message } = self;
        if key.is_empty() {
            write!(f, "{origin}: {message}")
        } else {
            write!(f, "{origin}: {key}: {message}")
        }
    }
}

/// The settings can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the configuration can't be used:\n{}", lines(.problems))]
pub struct Error {
    /// Everything that is wrong: files and keys first, then values.
    pub problems: Vec<Problem>,
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("  {problem}")).collect::<Vec<_>>().join("\n")
}
