//! The model's words as the API's: capitals, and a description for who reads them from outside.

use async_graphql::Enum;

use crate::{
    data::tasks,
    model::{readiness, status, tally},
};

/// Where a task or a step is.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "status::Status")]
pub enum Status {
    /// Nothing has happened yet, or a step waits for its dependencies or its next attempt.
    Pending,
    /// A task has started and is not settled; a step is being worked on.
    InProgress,
    /// Done. Final.
    Complete,
    /// Failed, and rests until somebody retries, resolves or cancels it.
    Error,
    /// Will not be done. Final.
    Cancelled,
    /// Somebody declared it done. Final; what depends on it goes on.
    ResolvedManually,
}

/// What the steps of a task are doing, taken together.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "tally::ExecutionStatus")]
pub enum ExecutionStatus {
    /// At least one step could start now.
    HasReadySteps,
    /// Steps are being worked on, and nothing else could start.
    Processing,
    /// A step rests in error, and nothing else can run.
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
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "tally::RecommendedAction")]
pub enum RecommendedAction {
    /// Nothing: steps are about to start.
    ExecuteReadySteps,
    /// Nothing: steps are being worked on.
    WaitForCompletion,
    /// Retry, resolve or cancel the failed steps.
    HandleFailures,
    /// Nothing is left to do.
    FinalizeTask,
    /// Nothing: dependencies are not settled.
    WaitForDependencies,
    /// Start a worker for the handler class of the waiting steps.
    StartWorker,
    /// Nothing: the next attempt is scheduled.
    WaitForRetry,
}

/// How a task is doing.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "tally::HealthStatus")]
pub enum HealthStatus {
    /// Nothing has failed.
    Healthy,
    /// Something failed, and work goes on.
    Recovering,
    /// Something failed, and nothing goes on without an operator.
    Blocked,
    /// There are no steps to judge by.
    Unknown,
}

/// Why a step does not start.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "readiness::BlockingReason")]
pub enum BlockingReason {
    /// A dependency is not settled.
    DependenciesNotSatisfied,
    /// Its next attempt is scheduled for later.
    WaitingForRetry,
    /// A worker must claim it.
    WaitingForWorker,
    /// It is being worked on.
    InProgress,
    /// It rests in error until somebody acts.
    InError,
    /// It is settled.
    Finished,
    /// Its task is settled.
    TaskFinished,
}

/// What tasks are sorted by. Tasks that are equal in it are sorted by their ids.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "tasks::SortBy")]
pub enum TaskSort {
    /// When the task was asked for.
    RequestedAt,
    /// When it was stored.
    CreatedAt,
    /// When it last changed.
    UpdatedAt,
    /// When it was settled. Tasks that are not come last, whatever the direction.
    CompletedAt,
    /// The name of its template, by code points.
    Name,
    /// Its status, in the order of a task's life: `PENDING` first, `RESOLVED_MANUALLY` last.
    Status,
    /// Its priority.
    Priority,
}

/// A direction of sorting.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "tasks::Direction")]
pub enum SortOrder {
    /// Smallest or oldest first.
    #[graphql(name = "ASC")]
    Ascending,
    /// Largest or newest first.
    #[graphql(name = "DESC")]
    Descending,
}
