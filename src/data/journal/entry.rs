//! What can be asked of the journal.

use std::time::Instant;

use serde_json::Value;
use tokio::sync::oneshot;

use crate::{
    data::{Error, node::Identity},
    model::{
        annotation::Annotation,
        audit::AuditRecord,
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
    Create {
        tasks: Vec<NewTask>,
        audit: Vec<AuditRecord>,
        ack: Ack<()>,
    },
    Change {
        change: Box<Change>,
        ack: Option<Ack<()>>,
    },
    Claim {
        claim: Claim,
        ack: Ack<Vec<TaskId>>,
    },
    Delete {
        task: TaskId,
        event: Box<Event>,
        audit: Option<Box<AuditRecord>>,
        ack: Ack<()>,
    },
    /// The task must be there, whoever runs it.
    Add {
        task: TaskId,
        addition: Addition,
        audit: Option<Box<AuditRecord>>,
        ack: Ack<Option<i64>>,
    },
    /// `then` is carried out before anything is written as the new node.
    Adopt {
        identity: Identity,
        then: Box<dyn FnOnce() + Send>,
        ack: Ack<()>,
    },
    /// Nothing more comes.
    Close {
        ack: Ack<()>,
    },
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
            Self::Create { tasks, audit, .. } => {
                let tasks = tasks.iter().map(|task| 1 + task.steps.len() + task.events.len());
                tasks.sum::<usize>() + audit.len()
            }
            Self::Change { change, .. } => {
                let logs = change.events.len() + change.audit.len();
                1 + change.steps.len() + logs + change.commands.len() + change.remote.len()
            }
            Self::Claim { .. }
            | Self::Delete { .. }
            | Self::Add { .. }
            | Self::Adopt { .. }
            | Self::Close { .. } => 1,
        }
    }

    /// Bytes of what users gave, about: the rest of a row is short.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Create { tasks, .. } => tasks.iter().map(|task| task.context.len()).sum(),
            Self::Change { change, .. } => {
                let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
                let steps = change.steps.iter();
                let steps: usize =
                    steps.map(|row| text(&row.inputs) + text(&row.results) + text(&row.error)).sum();
                let details = change.events.iter().filter_map(|event| event.details.as_ref());
                steps + details.map(weight).sum::<usize>()
            }
            Self::Claim { .. }
            | Self::Delete { .. }
            | Self::Add { .. }
            | Self::Adopt { .. }
            | Self::Close { .. } => 0,
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
            Self::Create { ack, .. }
            | Self::Delete { ack, .. }
            | Self::Adopt { ack, .. }
            | Self::Close { ack } => drop(ack.send(result)),
            Self::Change { ack: Some(ack), .. } => drop(ack.send(result)),
            Self::Change { ack: None, .. } => {}
            Self::Claim { ack, .. } => drop(ack.send(result.map(|()| Vec::new()))),
            Self::Add { ack, .. } => drop(ack.send(result.map(|()| None))),
        }
    }
}

/// The length of the value's text, about.
fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(weight).sum::<usize>() + 2,
        Value::Object(entries) => {
            entries.iter().map(|(key, item)| key.len() + 4 + weight(item)).sum::<usize>() + 2
        }
    }
}

/// What is added about a task, without changing it.
#[derive(Debug, Clone)]
pub enum Addition {
    /// A custom event.
    Event(Box<Event>),
    /// A note.
    Annotation(Box<Annotation>),
}

impl Addition {
    /// What the log is to have.
    pub(super) fn event(&self) -> Option<&Event> {
        match self {
            Self::Event(event) => Some(event),
            Self::Annotation(_) => None,
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
    /// Those of these that nobody owns, whatever they wait for.
    These(Vec<TaskId>),
}
