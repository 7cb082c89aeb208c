//! What the journal is asked to write: one task's change, whole.

use uuid::Uuid;

use super::{
    audit::AuditRecord,
    event::Event,
    id::{StepId, StepNo, TaskId},
    lease::RemoteRow,
    status::Status,
    time::Timestamp,
    trace::TraceContext,
};

/// A change of one task. It is written whole, or not at all.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Which task.
    pub task: TaskId,
    /// The status it must still have: the deciding guard.
    pub from: Status,
    /// The task's row, where it changes.
    pub row: Option<TaskRow>,
    /// Rows of its steps.
    pub steps: Vec<StepRow>,
    /// What the log says about it.
    pub events: Vec<Event>,
    /// What the audit log says about it.
    pub audit: Vec<AuditRecord>,
    /// Commands that other nodes left for the task and that are carried out by this: each must still be there.
    pub commands: Vec<Uuid>,
    /// Attempts that workers are to make.
    pub remote: Vec<RemoteRow>,
}

/// What may change in a task's row.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskRow {
    /// Where it is now.
    pub status: Status,
    /// The owner lets go of it.
    pub released: bool,
    /// Without an owner: when it is to be taken up again; none means now.
    pub wake_at: Option<Timestamp>,
    /// When its first step started.
    pub started_at: Option<Timestamp>,
    /// When it was settled.
    pub completed_at: Option<Timestamp>,
    /// When anything about it changed.
    pub updated_at: Timestamp,
    /// Times it was taken over without progress since.
    pub recoveries: u32,
    /// Why it exists, for people.
    pub reason: Option<String>,
    /// For finding it.
    pub tags: Vec<String>,
}

/// What may change in a step's row.
#[derive(Debug, Clone, PartialEq)]
pub struct StepRow {
    /// Which step.
    pub no: StepNo,
    /// The status it must still have.
    pub from: Status,
    /// Where it is now.
    pub status: Status,
    /// Number of the latest attempt.
    pub attempts: u32,
    /// Attempts that do not count.
    pub released: u32,
    /// Attempts it may have.
    pub retry_limit: u32,
    /// See [`super::step::Step::next_attempt_at`].
    pub next_attempt_at: Option<Timestamp>,
    /// Since when it waits for a worker.
    pub awaiting_since: Option<Timestamp>,
    /// Seconds of the latest backoff.
    pub backoff_seconds: Option<f64>,
    /// When the latest attempt began.
    pub started_at: Option<Timestamp>,
    /// When it was settled.
    pub completed_at: Option<Timestamp>,
    /// When anything about it changed.
    pub updated_at: Timestamp,
    /// New inputs as JSON; none leaves them.
    pub inputs: Option<String>,
    /// New results as JSON; none leaves them.
    pub results: Option<String>,
    /// A new failure as JSON, `null` to clear it; none leaves it.
    pub error: Option<String>,
}

/// A task as it is created, with its steps.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTask {
    /// Its id.
    pub id: TaskId,
    /// Digest of the template it is pinned to.
    pub digest: String,
    /// Template namespace.
    pub namespace: String,
    /// Template name.
    pub name: String,
    /// Template version.
    pub version: String,
    /// Owned by the creating node from the start, or free for anyone.
    pub owned: bool,
    /// A free task waits until then.
    pub wake_at: Option<Timestamp>,
    /// Higher is taken first.
    pub priority: i32,
    /// Input as JSON.
    pub context: String,
    /// Why it exists.
    pub reason: Option<String>,
    /// For finding it.
    pub tags: Vec<String>,
    /// Who or what asked for it, by its own words.
    pub initiator: Option<String>,
    /// The system it came from.
    pub source_system: Option<String>,
    /// The authenticated subject.
    pub created_by: Option<String>,
    /// Names of steps settled at creation.
    pub bypass_steps: Vec<String>,
    /// De-duplication by content.
    pub identity_hash: Option<String>,
    /// De-duplication by the caller's key.
    pub idempotency_key: Option<String>,
    /// What was asked under that key.
    pub request_hash: Option<String>,
    /// Follows the request to its events.
    pub request_id: Option<String>,
    /// The span that asked for it.
    pub trace: Option<TraceContext>,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When it is too late.
    pub deadline_at: Option<Timestamp>,
    /// When it was stored.
    pub created_at: Timestamp,
    /// Every step, in template order.
    pub steps: Vec<NewStep>,
    /// What the log says about it.
    pub events: Vec<Event>,
}

/// A step as it is created.
#[derive(Debug, Clone, PartialEq)]
pub struct NewStep {
    /// Its id.
    pub id: StepId,
    /// Its place.
    pub no: StepNo,
    /// Its name.
    pub name: String,
    /// `pending`, or `resolved_manually` when it is bypassed.
    pub status: Status,
    /// Attempts it may have.
    pub retry_limit: u32,
    /// Results of a bypassed step, as JSON.
    pub results: Option<String>,
    /// When a bypassed step was settled.
    pub completed_at: Option<Timestamp>,
}
