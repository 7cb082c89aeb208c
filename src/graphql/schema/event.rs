//! A fact of the event log, as the API shows it.

use async_graphql::{ID, Object};

use super::{
    authorize::authorize,
    caller::Needs,
    cursor,
    scalar::{DateTime, Json},
    words::Status,
};
use crate::{auth::Permission, model::event::Recorded};

/// Something that happened.
#[derive(Debug, Clone)]
pub struct WorkflowEvent(pub Recorded);

/// Something that happened: a change of a task or of one of its steps, or an event that a handler published. It is
/// recorded with the change it reports, once.
#[Object]
impl WorkflowEvent {
    /// Its place in the log. Given as `after`, it continues right behind this event.
    async fn cursor(&self) -> String {
        cursor::of_event(self.0.position)
    }

    /// A UUIDv7.
    async fn id(&self) -> ID {
        self.0.id().into()
    }

    /// What happened, such as `task.created` or `step.failed`.
    async fn name(&self) -> &str {
        self.0.event.name.as_str()
    }

    /// `task` or `step` for Tasker's own events, `custom` for those that handlers and others publish.
    async fn category(&self) -> &str {
        self.0.event.name.category()
    }

    /// When, by the clock of the node that saw it. The order of events is the order of their cursors.
    async fn occurred_at(&self) -> DateTime {
        DateTime(self.0.event.occurred_at)
    }

    /// The namespace of the task.
    async fn namespace(&self) -> &str {
        &self.0.event.task.namespace
    }

    /// The task it happened to.
    async fn task_id(&self) -> ID {
        self.0.event.task.id.0.into()
    }

    /// The name of the task's template.
    async fn task_name(&self) -> &str {
        &self.0.event.task.name
    }

    /// The step it happened to; null where it is about the whole task.
    async fn step_id(&self) -> Option<ID> {
        self.0.event.step.as_ref().map(|step| step.id.0.into())
    }

    /// The name of that step.
    async fn step_name(&self) -> Option<&str> {
        self.0.event.step.as_ref().map(|step| &*step.name)
    }

    /// The number of the step's attempt; 0 before the first.
    async fn attempt(&self) -> Option<i32> {
        self.0.event.step.as_ref().map(|step| i32::try_from(step.attempt).unwrap_or(i32::MAX))
    }

    /// The status before, where it changed.
    async fn from_status(&self) -> Option<Status> {
        self.0.event.from.map(Into::into)
    }

    /// The status after, where it changed.
    async fn to_status(&self) -> Option<Status> {
        self.0.event.to.map(Into::into)
    }

    /// Who asked for it; null where Tasker acted by itself, or nobody had to sign in.
    async fn actor(&self) -> Option<&str> {
        self.0.event.actor.as_deref()
    }

    /// Everything there is to say about it, with keys like `task_id`, `step_name` and `error_message`.
    #[graphql(guard = "Needs(Permission::EventShow)", directive = authorize::apply(Permission::EventShow))]
    async fn payload(&self) -> Json {
        Json(self.0.event.payload())
    }
}
