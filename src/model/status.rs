//! The six words for where a task or a step is.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a task or a step is. Both machines use the same words; [`super::transition`] has their edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nothing has happened yet, or a step waits for its next attempt.
    Pending,
    /// A task has started and is not settled; a step's handler is working.
    ///
    /// A step leaves this when its handler answers. If the owner dies, the node that takes the task over
    /// releases the attempt.
    InProgress,
    /// Done. A step's results are stored.
    Complete,
    /// Rests until an operator retries, resolves or cancels it.
    Error,
    /// Will not be done. Final.
    Cancelled,
    /// An operator declared it done. Final; dependents go on.
    ResolvedManually,
}

impl Status {
    /// Every status, in the order of a task's life.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::InProgress,
        Self::Complete,
        Self::Error,
        Self::Cancelled,
        Self::ResolvedManually,
    ];

    /// The word as stored and as events carry it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InProgress => "in_progress",
            Self::Complete => "complete",
            Self::Error => "error",
            Self::Cancelled => "cancelled",
            Self::ResolvedManually => "resolved_manually",
        }
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// No transition leads out of it.
    pub const fn is_terminal(self) -> bool {
        match self {
            Self::Complete | Self::Cancelled | Self::ResolvedManually => true,
            Self::Pending | Self::InProgress | Self::Error => false,
        }
    }

    /// Nothing happens by itself: settled, or an operator's turn.
    pub const fn rests(self) -> bool {
        self.is_terminal() || matches!(self, Self::Error)
    }

    /// As a dependency, it lets its dependents run.
    pub const fn satisfies(self) -> bool {
        match self {
            Self::Complete | Self::ResolvedManually => true,
            Self::Pending | Self::InProgress | Self::Error | Self::Cancelled => false,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
