//! What a handler answered, and what it published on the way.

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use super::{failure::Failure, time::Timestamp};

/// How an attempt ended, whoever made it.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The handler answered with results.
    Completed {
        /// What it leaves for its dependents.
        results: Value,
    },
    /// The handler failed, panicked or ran out of time.
    Failed {
        /// Why.
        failure: Failure,
        /// The wait that a server asked for.
        retry_after: Option<Duration>,
        /// What the handler leaves in spite of its failure.
        results: Option<Value>,
    },
    /// Nothing is held until then; the step completes by itself.
    Asleep {
        /// When it wakes.
        until: Timestamp,
    },
    /// Given back without an answer.
    Released(ReleaseReason),
}

/// Why an attempt was given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseReason {
    /// The node that ran it is gone.
    NodeLost,
    /// The node was told to stop.
    Shutdown,
    /// The worker that made it was not heard of for as long as its lease lasts.
    WorkerLost,
}

impl ReleaseReason {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::NodeLost, Self::Shutdown, Self::WorkerLost];

    /// The word in the event.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NodeLost => "node_lost",
            Self::Shutdown => "shutdown",
            Self::WorkerLost => "worker_lost",
        }
    }
}

/// What a handler published during an attempt.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Published {
    /// Declared custom events, in order.
    pub custom: Vec<(Arc<str>, Value)>,
    /// Extra keys for the completion event.
    pub completed: Option<Value>,
}

/// An attempt's end: its outcome with what it published.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// How it ended.
    pub outcome: Outcome,
    /// What goes into the log with it.
    pub published: Published,
}

impl From<Outcome> for Answer {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, published: Published::default() }
    }
}
