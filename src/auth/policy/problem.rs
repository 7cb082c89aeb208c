//! What is wrong with a policy, said so that its author can go there and mend it.

use std::fmt;

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file as it was named to the loader.
    pub file: String,
    /// Counted from one; none where the whole file is meant.
    pub line: Option<u32>,
    /// Whether it keeps the policy from being used.
    pub severity: Severity,
    /// What is wrong and what to write instead.
    pub message: String,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The policy can't be used.
    Error,
    /// It can be used, but probably does not say what its author meant.
    Warning,
}

impl Problem {
    /// Keeps the policy from being used.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// `file:line: sentence`, as editors and terminals make links of it.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        f.write_str(": ")?;
        if self.severity == Severity::Warning {
            f.write_str("warning: ")?;
        }
        f.write_str(&self.message)
    }
}

/// Collects what is wrong with one file.
#[derive(Debug)]
pub(super) struct Problems {
    file: String,
    pub found: Vec<Problem>,
}

impl Problems {
    pub fn of(file: &str) -> Self {
        Self { file: file.to_owned(), found: Vec::new() }
    }

    pub fn error(&mut self, line: impl Into<Option<u32>>, message: impl Into<String>) {
        self.add(line.into(), Severity::Error, message.into());
    }

    pub fn warning(&mut self, line: impl Into<Option<u32>>, message: impl Into<String>) {
        self.add(line.into(), Severity::Warning, message.into());
    }

    pub fn any_error(&self) -> bool {
        self.found.iter().any(Problem::is_error)
    }

    /// In the order of the file; what is about all of it comes last.
    pub fn in_order(mut self) -> Vec<Problem> {
        self.found.sort_by_key(|problem| problem.line.unwrap_or(u32::MAX));
        self.found
    }

    fn add(&mut self, line: Option<u32>, severity: Severity, message: String) {
        self.found.push(Problem { file: self.file.clone(), line, severity, message });
    }
}

/// A word of the file as it may be printed: nothing in it moves a cursor or looks like something else.
pub(super) fn shown(word: &str) -> String {
    const LONGEST: usize = 80;
    let mut text: String = word.chars().take(LONGEST).flat_map(char::escape_default).collect();
    if word.chars().nth(LONGEST).is_some() {
        text.push('…');
    }
    format!("`{text}`")
}
