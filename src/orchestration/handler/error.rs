//! How a handler says that it failed.

use std::{fmt, time::Duration};

use serde_json::Value;

use crate::model::{
    failure::{Failure, FailureKind},
    outcome::Outcome,
    time::Timestamp,
};

/// A failed attempt. Any error becomes a retryable one by `?`.
#[derive(Debug, Clone, PartialEq)]
pub struct StepError {
    kind: FailureKind,
    message: String,
    code: Option<String>,
    retry_after: Option<Duration>,
    results: Option<Value>,
    /// Nothing was tried, and will not be before then.
    held_until: Option<Timestamp>,
}

impl StepError {
    /// Trying again may help.
    pub fn retryable(message: impl fmt::Display) -> Self {
        Self::new(FailureKind::Retryable, message)
    }

    /// Trying again is useless: the step goes to `error` at once.
    pub fn permanent(message: impl fmt::Display) -> Self {
        Self::new(FailureKind::Permanent, message)
    }

    pub(in crate::orchestration) fn new(kind: FailureKind, message: impl fmt::Display) -> Self {
        Self {
            kind,
            message: message.to_string(),
            code: None,
            retry_after: None,
            results: None,
            held_until: None,
        }
    }

    /// Nothing was tried: the host is left alone until then, and the attempt does not count.
    pub(in crate::orchestration) fn circuit_open(until: Timestamp) -> Self {
        let error =
            Self::new(FailureKind::Retryable, "the host is left alone for a while: it failed too often");
        Self { held_until: Some(until), ..error }
    }

    /// A word for programs.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// The wait that a server asked for; it wins over the template's backoff.
    #[must_use]
    pub const fn after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// What the step leaves in spite of its failure.
    #[must_use]
    pub fn with_results(mut self, results: Value) -> Self {
        self.results = Some(results);
        self
    }

    /// What it says.
    pub fn message(&self) -> &str {
        &self.message
    }

    pub(in crate::orchestration) fn into_outcome(self) -> Outcome {
        if let Some(until) = self.held_until {
            return Outcome::CircuitOpen { until };
        }
        Outcome::Failed {
            failure: Failure { kind: self.kind, message: clean(self.message), code: self.code.map(clean) },
            retry_after: self.retry_after,
            results: self.results,
        }
    }
}

impl<E: std::error::Error> From<E> for StepError {
    fn from(error: E) -> Self {
        Self::retryable(error)
    }
}

/// A message is for people: what can't be stored is left out, and nobody reads more than 4,000 characters.
fn clean(text: String) -> String {
    if text.contains('\0') || text.len() > 4_000 {
        text.chars().filter(|&c| c != '\0').take(4_000).collect()
    } else {
        text
    }
}
