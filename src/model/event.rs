//! Facts. Each transition and each published custom event is one row of the log.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    id::{StepId, TaskId},
    status::Status,
    time::Timestamp,
};

macro_rules! system_events {
    ($($(#[$doc:meta])* $variant:ident => $name:literal,)*) => {
        /// What happened, by its name in the log.
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum EventName {
            $($(#[$doc])* $variant,)*
            /// Published by a handler under a name that it or its template declares.
            Custom(Arc<str>),
        }

        impl EventName {
            /// Tasker's own events, also those that are not in the log.
            pub const SYSTEM: &[&str] = &[$($name),*];

            /// The dotted name.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Custom(name) => name,
                }
            }

            /// From the stored name; what is not Tasker's own is custom.
            pub fn parse(name: &str) -> Self {
                match name {
                    $($name => Self::$variant,)*
                    custom => Self::Custom(custom.into()),
                }
            }
        }
    };
}

system_events! {
    /// Stored, with its steps. Published by whoever took the request.
    TaskCreated => "task.created",
    /// Its first step starts.
    TaskStarted => "task.started",
    /// Every step is settled.
    TaskCompleted => "task.completed",
    /// It rests: a step is in error and nothing else can run.
    TaskFailed => "task.failed",
    /// An operator lets it go on.
    TaskRetryRequested => "task.retry_requested",
    /// It will not be finished.
    TaskCancelled => "task.cancelled",
    /// An operator declared it done.
    TaskResolvedManually => "task.resolved_manually",
    /// Its reason or tags changed.
    TaskUpdated => "task.updated",
    /// It is gone, with its steps, events and payloads.
    TaskDeleted => "task.deleted",
    /// An attempt begins.
    StepStarted => "step.started",
    /// The handler answered and its results are stored.
    StepCompleted => "step.completed",
    /// An attempt failed.
    StepFailed => "step.failed",
    /// Another attempt follows the failed one.
    StepRetryScheduled => "step.retry_scheduled",
    /// No attempt is left.
    StepMaxRetriesReached => "step.max_retries_reached",
    /// An operator wants more attempts.
    StepRetryRequested => "step.retry_requested",
    /// It will not run.
    StepCancelled => "step.cancelled",
    /// An operator declared it done, or it was bypassed at creation.
    StepResolvedManually => "step.resolved_manually",
    /// Its retry limit or inputs changed.
    StepUpdated => "step.updated",
    /// The attempt was given back and will be made again.
    StepReleased => "step.released",
    /// No handler here: it waits for a worker.
    StepAwaitingWorker => "step.awaiting_worker",
    /// Steps are about to start. Not in the log.
    ViableStepsDiscovered => "workflow.viable_steps_discovered",
    /// The task rests, and that is stored. Not in the log.
    TaskFinalized => "workflow.task_finalized",
    /// The task waits to be run by whoever has room, now or later. Not in the log.
    TaskEnqueued => "observability.task.enqueued",
    /// A step waits before its next attempt. Not in the log.
    StepBackoff => "observability.step.backoff",
}

impl EventName {
    /// The first segment for Tasker's own events, `custom` for the others.
    pub fn category(&self) -> &str {
        match self {
            Self::Custom(_) => "custom",
            own => own.as_str().split_once('.').map_or("custom", |(category, _)| category),
        }
    }

    /// Whether it is in the log. The others are told to who listens in the same process, and nobody else.
    pub const fn is_durable(&self) -> bool {
        !matches!(
            self,
            Self::ViableStepsDiscovered | Self::TaskFinalized | Self::TaskEnqueued | Self::StepBackoff
        )
    }
}

/// The task an event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventTask {
    /// Which task.
    pub id: TaskId,
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its template's name.
    pub name: Arc<str>,
}

/// The step an event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventStep {
    /// Which step.
    pub id: StepId,
    /// Its name.
    pub name: Arc<str>,
    /// The attempt it happened in; zero before the first.
    pub attempt: u32,
}

/// A fact, as it is handed to the journal.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// What happened.
    pub name: EventName,
    /// When, by the clock of the node that saw it.
    pub occurred_at: Timestamp,
    /// To which task.
    pub task: EventTask,
    /// To which of its steps.
    pub step: Option<EventStep>,
    /// The status before, where it is a transition.
    pub from: Option<Status>,
    /// The status after, where it is a transition.
    pub to: Option<Status>,
    /// The subject who asked for it; none where the engine acted by itself.
    pub actor: Option<Arc<str>>,
    /// What else there is to say; the identifiers are added when it is read.
    pub details: Option<Value>,
}

/// A fact in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Its place: dense, in commit order.
    pub position: i64,
    /// The fact.
    pub event: Event,
}

impl Recorded {
    /// A UUIDv7 made of the moment and the place, so the row needs none.
    pub fn id(&self) -> Uuid {
        let millis = u64::try_from(self.event.occurred_at.0 / 1000).unwrap_or(0);
        let mut bytes = [0; 10];
        bytes[2..].copy_from_slice(&self.position.to_be_bytes());
        uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
    }

    /// Its place as callers are told it; see [`cursor`].
    pub fn cursor(&self) -> String {
        cursor(self.position)
    }
}

/// A place in the log as callers are told it: opaque, and the same everywhere.
pub fn cursor(position: i64) -> String {
    URL_SAFE_NO_PAD.encode(format!("e1:{position}"))
}

impl Event {
    /// Everything a subscriber is told: the identifiers, then the details.
    pub fn payload(&self) -> Value {
        let mut payload = Map::new();
        payload.insert("task_id".into(), json!(self.task.id));
        payload.insert("task_name".into(), json!(&*self.task.name));
        if let Some(step) = &self.step {
            payload.insert("step_id".into(), json!(step.id));
            payload.insert("step_name".into(), json!(&*step.name));
            payload.insert("attempt_number".into(), json!(step.attempt));
        }
        payload.insert("timestamp".into(), json!(self.occurred_at.to_rfc3339()));
        if let Some(Value::Object(details)) = &self.details {
            for (key, value) in details {
                payload.entry(key.as_str()).or_insert_with(|| value.clone());
            }
        }
        Value::Object(payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_as_themselves() {
        for name in EventName::SYSTEM {
            assert!(!matches!(EventName::parse(name), EventName::Custom(_)));
            assert_eq!(EventName::parse(name).as_str(), *name);
        }
        assert_eq!(EventName::parse("payment.processed").category(), "custom");
        assert_eq!(EventName::parse("step.released").category(), "step");
        assert_eq!(EventName::parse("observability.step.backoff").category(), "observability");
    }
}
