//! One step of a task, as its owner holds it.

use std::sync::Arc;

use serde_json::Value;

use super::{
    failure::Failure,
    id::{StepId, StepNo},
    lease::Lease,
    status::Status,
    time::Timestamp,
};

/// One step of a task. What never changes about it is in its template.
#[derive(Debug, Clone)]
pub struct Step {
    /// Stable over every attempt: the handler's idempotency key.
    pub id: StepId,
    /// Its place in the template.
    pub no: StepNo,
    /// Where it is.
    pub status: Status,
    /// Number of the latest attempt; zero before the first.
    pub attempts: u32,
    /// Attempts that were given back; they do not count against the limit.
    pub released: u32,
    /// How many counted attempts it may have in all.
    pub retry_limit: u32,
    /// Pending: not before this. In progress: asleep until then, with nothing held.
    pub next_attempt_at: Option<Timestamp>,
    /// Since when it waits for a remote worker to claim it.
    pub awaiting_since: Option<Timestamp>,
    /// The worker that makes the attempt; none where no worker does.
    pub lease: Option<Box<Lease>>,
    /// Seconds of the latest backoff.
    pub backoff_seconds: Option<f64>,
    /// Its own input; none means the task's context.
    pub inputs: Option<Arc<Value>>,
    /// What it left for its dependents.
    pub results: Option<Arc<Value>>,
    /// Why its latest attempt failed.
    pub error: Option<Failure>,
    /// When the latest attempt began.
    pub started_at: Option<Timestamp>,
    /// When it was settled.
    pub completed_at: Option<Timestamp>,
    /// When anything about it changed.
    pub updated_at: Timestamp,
}

impl Step {
    /// A step as it is created.
    pub fn new(no: StepNo, retry_limit: u32, now: Timestamp) -> Self {
        Self {
            id: StepId::new(),
            no,
            status: Status::Pending,
            attempts: 0,
            released: 0,
            retry_limit,
            next_attempt_at: None,
            awaiting_since: None,
            lease: None,
            backoff_seconds: None,
            inputs: None,
            results: None,
            error: None,
            started_at: None,
            completed_at: None,
            updated_at: now,
        }
    }

    /// Attempts that count against the limit.
    pub const fn counted_attempts(&self) -> u32 {
        self.attempts.saturating_sub(self.released)
    }

    /// Whether another attempt may follow.
    pub const fn has_attempts_left(&self) -> bool {
        self.counted_attempts() < self.retry_limit
    }

    /// In progress without a handler: it wakes by itself.
    pub fn is_asleep(&self) -> bool {
        self.status == Status::InProgress && self.next_attempt_at.is_some()
    }

    /// In progress without this node: it sleeps, or a worker has it.
    pub fn is_held_elsewhere(&self) -> bool {
        self.is_asleep() || self.lease.is_some()
    }

    /// Pending, and its next attempt is due.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.status == Status::Pending && self.next_attempt_at.is_none_or(|at| at <= now)
    }
}
