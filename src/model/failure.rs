//! Why an attempt failed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What kind of failure it was; `error.kind` in the API, `exception_class` in events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The handler asks to be tried again.
    Retryable,
    /// The handler says that trying again is useless.
    Permanent,
    /// The handler panicked.
    Panic,
    /// The attempt ran longer than its step allows.
    Timeout,
    /// The attempt's owner is gone and the step must not run twice.
    Lost,
    /// The step was running each time its node died.
    NodeLost,
}

impl FailureKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Retryable, Self::Permanent, Self::Panic, Self::Timeout, Self::Lost, Self::NodeLost];

    /// The word as stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Retryable => "retryable",
            Self::Permanent => "permanent",
            Self::Panic => "panic",
            Self::Timeout => "timeout",
            Self::Lost => "lost",
            Self::NodeLost => "node_lost",
        }
    }

    /// Another attempt may help.
    pub const fn may_retry(self) -> bool {
        match self {
            Self::Retryable | Self::Panic | Self::Timeout => true,
            Self::Permanent | Self::Lost | Self::NodeLost => false,
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why an attempt failed, as stored with the step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What happened.
    pub kind: FailureKind,
    /// For people.
    pub message: String,
    /// For programs, where the handler gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

impl Failure {
    /// A failure without a code.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), code: None }
    }
}
