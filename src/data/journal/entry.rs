//! What can be asked of the journal.

use std::time::Instant;

use tokio::sync::oneshot;

use crate::{
    data::{Error, node::Identity},
    model::{
        change::{Change, NewTask},
        event::Event,
        id::TaskId,
        time::Timestamp,
    },
};

/// The way back to who asked.
pub(super) type Ack<T> = oneshot::Sender<Result<T, Error>>;

/// One thing to do. Creations and changes are written together; the others one at a time, between flushes.
pub(super) enum Entry {
    Create { tasks: Vec<NewTask>, ack: Ack<()> },
    Change { change: Box<Change>, ack: Option<Ack<()>> },
    Claim { claim: Claim, ack: Ack<Vec<TaskId>> },
    Delete { task: TaskId, event: Box<Event>, ack: Ack<()> },
    Adopt { identity: Identity, ack: Ack<()> },
}

/// An entry and since when it waits.
pub(super) struct Queued {
    pub entry: Entry,
    pub since: Instant,
}

impl From<Entry> for Queued {
    fn from(entry: Entry) -> Self {
        Self { entry, since: Instant::now() }
    }
}

impl Entry {
    /// Rows it writes, about: what a flush is measured by.
    pub(super) fn rows(&self) -> usize {
        match self {
            Self::Create { tasks, .. } => {
                tasks.iter().map(|task| 1 + task.steps.len() + task.events.len()).sum()
            }
            Self::Change { change, .. } => 1 + change.steps.len() + change.events.len(),
            Self::Claim { .. } | Self::Delete { .. } | Self::Adopt { .. } => 1,
        }
    }

    /// Nobody waits for it, so it may wait for company.
    pub(super) const fn is_patient(&self) -> bool {
        matches!(self, Self::Change { ack: None, .. })
    }

    /// Written together with its neighbours.
    pub(super) const fn is_grouped(&self) -> bool {
        matches!(self, Self::Create { .. } | Self::Change { .. })
    }

    pub(super) fn answer(self, result: Result<(), Error>) {
        match self {
            Self::Create { ack, .. } | Self::Delete { ack, .. } | Self::Adopt { ack, .. } => {
                drop(ack.send(result))
            }
            Self::Change { ack: Some(ack), .. } => drop(ack.send(result)),
            Self::Change { ack: None, .. } => {}
            Self::Claim { ack, .. } => drop(ack.send(result.map(|()| Vec::new()))),
        }
    }
}

/// Which free tasks to take.
#[derive(Debug, Clone)]
pub enum Claim {
    /// Those whose time has come, the most urgent first.
    Due {
        /// At most so many.
        limit: usize,
        /// By this clock.
        now: Timestamp,
    },
    /// This one, whatever it waits for.
    One(TaskId),
}
