//! What a task's steps add up to: its status and everything derived from it. There is no second place.

use serde::Serialize;

use super::{dag::Dag, id::StepNo, status::Status, step::Step, time::Timestamp};

/// A task's steps, counted by what each is waiting for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Could start now.
    pub ready: usize,
    /// Could start if its task were not told to begin later.
    pub delayed: usize,
    /// Waits for its next attempt.
    pub waiting_for_retry: usize,
    /// Waits for a worker to claim it.
    pub waiting_for_worker: usize,
    /// Waits for steps that are not settled.
    pub blocked: usize,
    /// A handler is working.
    pub in_progress: usize,
    /// Done.
    pub complete: usize,
    /// Declared done.
    pub resolved: usize,
    /// Rests in error.
    pub error: usize,
    /// Will not run.
    pub cancelled: usize,
}

/// What a task's steps are doing, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExecutionStatus {
    /// At least one step could start now.
    HasReadySteps,
    /// Handlers are working and nothing else could start.
    Processing,
    /// A step rests in error and nothing else can run.
    BlockedByFailures,
    /// Every step is settled.
    AllComplete,
    /// Steps wait for others that are not settled.
    WaitingForDependencies,
    /// A step waits for a worker to claim it.
    WaitingForWorker,
    /// A step waits for its next attempt.
    WaitingForRetry,
}

/// What an operator might do about a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RecommendedAction {
    /// Nothing: the engine is about to start steps.
    ExecuteReadySteps,
    /// Nothing: handlers are working.
    WaitForCompletion,
    /// Retry, resolve or cancel the failed steps.
    HandleFailures,
    /// Nothing is left to do.
    FinalizeTask,
    /// Nothing: dependencies are not settled.
    WaitForDependencies,
    /// Start a worker for the waiting steps' handler class.
    StartWorker,
    /// Nothing: the next attempt is scheduled.
    WaitForRetry,
}

/// How a task is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthStatus {
    /// Nothing has failed.
    Healthy,
    /// Something failed, and work goes on.
    Recovering,
    /// Something failed and nothing can go on without an operator.
    Blocked,
    /// There are no steps to judge by.
    Unknown,
}

/// Whether a step's dependencies are all settled so that it may run.
pub fn dependencies_satisfied(dag: &Dag, steps: &[Step], no: StepNo) -> bool {
    dag.parents(no).iter().all(|parent| steps[parent.index()].status.satisfies())
}

impl Tally {
    /// Counts `steps`, which are in template order and of which none starts before `not_before`.
    pub fn of(dag: &Dag, steps: &[Step], not_before: Option<Timestamp>, now: Timestamp) -> Self {
        let delayed = not_before.is_some_and(|at| at > now);
        let mut tally = Self::default();
        for step in steps {
            let place = match step.status {
                Status::Complete => &mut tally.complete,
                Status::ResolvedManually => &mut tally.resolved,
                Status::Cancelled => &mut tally.cancelled,
                Status::Error => &mut tally.error,
                Status::InProgress => &mut tally.in_progress,
                Status::Pending if !dependencies_satisfied(dag, steps, step.no) => &mut tally.blocked,
                Status::Pending if delayed => &mut tally.delayed,
                Status::Pending if !step.is_due(now) => &mut tally.waiting_for_retry,
                Status::Pending if step.awaiting_since.is_some() => &mut tally.waiting_for_worker,
                Status::Pending => &mut tally.ready,
            };
            *place += 1;
        }
        tally
    }

    /// Number of steps.
    pub const fn total(&self) -> usize {
        self.unfinished() + self.settled()
    }

    /// Complete or resolved: what counts as done.
    pub const fn done(&self) -> usize {
        self.complete + self.resolved
    }

    const fn settled(&self) -> usize {
        self.done() + self.cancelled
    }

    const fn unfinished(&self) -> usize {
        self.ready
            + self.delayed
            + self.waiting_for_retry
            + self.waiting_for_worker
            + self.blocked
            + self.in_progress
            + self.error
    }

    /// The task's status that follows from its steps; `before` tells whether it has started.
    pub fn status(&self, before: Status) -> Status {
        let open = self.ready + self.delayed + self.waiting_for_retry + self.waiting_for_worker;
        if open + self.in_progress > 0 {
            return if before == Status::Pending { Status::Pending } else { Status::InProgress };
        }
        if self.error > 0 {
            Status::Error
        } else if self.blocked > 0 {
            // A cancelled step takes its dependents with it, so this is a task that is being changed.
            before
        } else if self.cancelled > 0 && self.done() == 0 {
            Status::Cancelled
        } else {
            Status::Complete
        }
    }

    /// What the steps are doing.
    pub const fn execution_status(&self) -> ExecutionStatus {
        if self.ready > 0 {
            ExecutionStatus::HasReadySteps
        } else if self.in_progress > 0 {
            ExecutionStatus::Processing
        } else if self.waiting_for_retry + self.delayed > 0 {
            ExecutionStatus::WaitingForRetry
        } else if self.waiting_for_worker > 0 {
            ExecutionStatus::WaitingForWorker
        } else if self.error > 0 {
            ExecutionStatus::BlockedByFailures
        } else if self.blocked > 0 {
            ExecutionStatus::WaitingForDependencies
        } else {
            ExecutionStatus::AllComplete
        }
    }

    /// What to do about it.
    pub const fn recommended_action(&self) -> RecommendedAction {
        match self.execution_status() {
            ExecutionStatus::HasReadySteps => RecommendedAction::ExecuteReadySteps,
            ExecutionStatus::Processing => RecommendedAction::WaitForCompletion,
            ExecutionStatus::BlockedByFailures => RecommendedAction::HandleFailures,
            ExecutionStatus::AllComplete => RecommendedAction::FinalizeTask,
            ExecutionStatus::WaitingForDependencies => RecommendedAction::WaitForDependencies,
            ExecutionStatus::WaitingForWorker => RecommendedAction::StartWorker,
            ExecutionStatus::WaitingForRetry => RecommendedAction::WaitForRetry,
        }
    }

    /// How it is doing.
    pub const fn health_status(&self) -> HealthStatus {
        if self.total() == 0 {
            HealthStatus::Unknown
        } else if self.error == 0 {
            if self.waiting_for_retry > 0 { HealthStatus::Recovering } else { HealthStatus::Healthy }
        } else if self.ready + self.in_progress + self.waiting_for_retry + self.waiting_for_worker > 0 {
            HealthStatus::Recovering
        } else {
            HealthStatus::Blocked
        }
    }

    /// Share of steps that are done, from 0 to 100 with two decimals.
    pub fn completion_percentage(&self) -> f64 {
        if self.total() == 0 {
            return 0.0;
        }
        (self.done() as f64 * 10_000.0 / self.total() as f64).round() / 100.0
    }
}
