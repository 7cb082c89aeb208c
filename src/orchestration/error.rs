//! Why a verb was not carried out, by what the caller can do about it.

use crate::{
    data,
    model::{id::TaskId, task::Refusal, template::Violation},
};

/// Why a verb was not carried out. Nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such task.
    #[error("there is no task {0}")]
    UnknownTask(TaskId),
    /// The task has no such step.
    #[error("task {0} has no such step")]
    UnknownStep(TaskId),
    /// There is no such template; the text says what there is.
    #[error("{0}")]
    UnknownTemplate(String),
    /// The status forbids it.
    #[error("{refusal}; {verb} is not possible")]
    Refused {
        /// What was asked.
        verb: &'static str,
        /// What stands in the way.
        refusal: Refusal,
    },
    /// The key was used for another request.
    #[error("idempotency key {key} was used for another request: task {task}; use a new key")]
    KeyReused {
        /// The key.
        key: String,
        /// The task it made.
        task: TaskId,
    },
    /// The task's context, or what belongs to it, breaks the template's rules.
    #[error("{} violation(s) of the template's rules", .0.len())]
    Invalid(Vec<Violation>),
    /// The request itself makes no sense.
    #[error("{0}")]
    BadInput(String),
    /// One of several requests; the others are fine or not looked at.
    #[error("tasks[{index}]: {source}")]
    At {
        /// Its place.
        index: usize,
        /// What is wrong with it.
        source: Box<Error>,
    },
    /// The task has as many annotations as it may.
    #[error("the task has {limit} annotations, and that is the most a task may have")]
    TooManyAnnotations {
        /// How many it may have.
        limit: u64,
    },
    /// Too much is waiting.
    #[error("the service has more work waiting than it can write; try again in a moment")]
    Overloaded,
    /// The service goes down.
    #[error("the service is shutting down; try again on another node or in a moment")]
    Stopping,
    /// The data layer failed.
    #[error("the task could not be stored or read")]
    Data(#[source] data::Error),
}

impl From<data::Error> for Error {
    fn from(error: data::Error) -> Self {
        match error {
            data::Error::Overloaded => Self::Overloaded,
            data::Error::Stopped | data::Error::Fenced => Self::Stopping,
            other => Self::Data(other),
        }
    }
}
