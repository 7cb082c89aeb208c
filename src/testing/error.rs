//! Why a test can't go on, so that it can be read where a test prints it.

use std::{error::Error as _, fmt, time::Duration};

use crate::{
    data,
    model::{
        id::TaskId,
        template::{Problem, Violation},
    },
    orchestration,
};

/// What a test's function answers with, so that `?` may be used in it.
pub type Result<T = ()> = std::result::Result<T, Error>;

/// Why a test can't go on. Its `Debug` is for people too: that is what a failing test prints.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Templates have mistakes: all of them, of every file.
    #[error("{} template problem(s):\n{}", .0.len(), lines(.0))]
    Templates(Vec<Problem>),
    /// A script would never be asked.
    #[error("the script is of no use: {0}")]
    Script(String),
    /// A task was not created: its context breaks the template's rules.
    #[error("the context breaks {} rule(s):\n{}", .0.len(), violations(.0))]
    Invalid(Vec<Violation>),
    /// The engine refused what it was asked.
    #[error("{0}")]
    Refused(#[source] orchestration::Error),
    /// There is no such task, or no more.
    #[error("there is no task {0}")]
    UnknownTask(TaskId),
    /// The task has no such step.
    #[error("the task has no step {step:?}; it has {}", .existing.join(", "))]
    UnknownStep {
        /// As it was asked for.
        step: String,
        /// What there is.
        existing: Vec<String>,
    },
    /// Something goes on and on.
    #[error(
        "the engine has not come to rest within {patience:?}: {running}\nA handler that waits for the world outside may \
         never end in a test: script it, let a script that hangs go, or give the kit more patience."
    )]
    Restless {
        /// How long was waited.
        patience: Duration,
        /// What still runs.
        running: String,
    },
    /// The place of the data is no good.
    #[error("the test's database can't be used")]
    Data(#[from] data::Error),
    /// The folder for it can't be made.
    #[error("the folder for the test's database can't be made")]
    Folder(#[source] std::io::Error),
}

impl Error {
    /// What the context breaks, where that is why no task was created.
    pub fn violations(&self) -> &[Violation] {
        match self {
            Self::Invalid(violations) => violations,
            _ => &[],
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut source = self.source();
        while let Some(error) = source {
            // What shows its source in its own text does not say it twice.
            if !self.to_string().contains(&error.to_string()) {
                write!(f, ": {error}")?;
            }
            source = error.source();
        }
        Ok(())
    }
}

impl From<orchestration::Error> for Error {
    fn from(error: orchestration::Error) -> Self {
        match error {
            orchestration::Error::Invalid(violations) => Self::Invalid(violations),
            orchestration::Error::UnknownTask(task) => Self::UnknownTask(task),
            other => Self::Refused(other),
        }
    }
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("  {problem}")).collect::<Vec<_>>().join("\n")
}

fn violations(violations: &[Violation]) -> String {
    let line = |violation: &Violation| {
        let place = if violation.pointer.is_empty() { "(the whole)" } else { &violation.pointer };
        format!("  {place}: {}", violation.message)
    };
    violations.iter().map(line).collect::<Vec<_>>().join("\n")
}
