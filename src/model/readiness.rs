//! Why a step runs, or does not.

use serde::Serialize;

use super::{
    dag::Dag, id::StepNo, status::Status, step::Step, tally::dependencies_satisfied, time::Timestamp,
};

/// Why a step does not start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockingReason {
    /// A dependency is not settled.
    DependenciesNotSatisfied,
    /// Its next attempt is scheduled for later.
    WaitingForRetry,
    /// No handler here: a worker must claim it.
    WaitingForWorker,
    /// It is running already.
    InProgress,
    /// It rests in error until an operator acts.
    InError,
    /// It is settled.
    Finished,
    /// Its task is settled.
    TaskFinished,
}

/// A step's chances of running now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readiness {
    /// It starts as soon as there is room.
    pub ready: bool,
    /// Every dependency is complete or resolved.
    pub dependencies_satisfied: bool,
    /// Attempts are left.
    pub retry_eligible: bool,
    /// Not before this.
    pub next_attempt_at: Option<Timestamp>,
    /// What is in the way; none when it is ready.
    pub blocking_reason: Option<BlockingReason>,
}

impl Readiness {
    /// Of the step at `no`, whose task is in `task` and starts nothing before `not_before`.
    pub fn of(
        dag: &Dag,
        steps: &[Step],
        no: StepNo,
        task: Status,
        not_before: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        let step = &steps[no.index()];
        let delayed = not_before.is_some_and(|at| at > now);
        let dependencies_satisfied = dependencies_satisfied(dag, steps, no);
        let blocking_reason = match step.status {
            Status::Complete | Status::Cancelled | Status::ResolvedManually => Some(BlockingReason::Finished),
            Status::Error => Some(BlockingReason::InError),
            Status::InProgress => Some(BlockingReason::InProgress),
            Status::Pending if task.is_terminal() => Some(BlockingReason::TaskFinished),
            Status::Pending if !dependencies_satisfied => Some(BlockingReason::DependenciesNotSatisfied),
            Status::Pending if delayed || !step.is_due(now) => Some(BlockingReason::WaitingForRetry),
            Status::Pending if step.awaiting_since.is_some() => Some(BlockingReason::WaitingForWorker),
            Status::Pending => None,
        };
        Self {
            ready: blocking_reason.is_none(),
            dependencies_satisfied,
            retry_eligible: step.has_attempts_left() && !step.status.is_terminal(),
            next_attempt_at: step.next_attempt_at.max(not_before.filter(|_| delayed)),
            blocking_reason,
        }
    }
}
