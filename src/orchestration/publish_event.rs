//! Publishing a custom event from outside, about a task.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Caller, Engine, Error, value};
use crate::{
    data::{
        Error as Unwritten,
        journal::Addition,
        log::{self, EventFilter},
        tasks::{self, Contents},
    },
    model::{
        event::{Event, EventName, EventTask, Recorded},
        id::TaskId,
        template::Template,
    },
};

impl Engine {
    /// Appends an event to the log that the task's template declares, or a handler of its steps; durable when it
    /// answers. It changes nothing about the task, so it does not matter who runs it, or whether it is settled.
    pub async fn publish_event(
        &self,
        caller: impl Into<Caller>,
        task: TaskId,
        name: &str,
        payload: Value,
    ) -> Result<Recorded, Error> {
        let caller = caller.into();
        let payload = if payload.is_object() { payload } else { json!({ "value": payload }) };
        value::checked("payload", &payload, self.settings().max_results_bytes).map_err(Error::BadInput)?;
        let row = tasks::find(self.database(), task.0, Contents::default()).await?;
        let row = row.ok_or(Error::UnknownTask(task))?;
        let template = self.pinned_template(&row.digest).await?;
        if !self.is_declared(&template, name) {
            return Err(Error::BadInput(format!(
                "event {name:?} is not declared: name it in the custom_events of the task's template, or in the \
                 custom_events() of a handler of its steps"
            )));
        }
        let now = self.clock().now();
        let record = caller.record(now).map(|record| record.within(&row.namespace).about(task));
        let event = Event {
            name: EventName::Custom(name.into()),
            occurred_at: now,
            task: EventTask { id: task, namespace: row.namespace.into(), name: row.name.into() },
            step: None,
            from: None,
            to: None,
            actor: caller.subject.name().cloned(),
            details: (payload != json!({})).then_some(payload),
        };
        let addition = Addition::Event(Box::new(event.clone()));
        match self.journal().add(task, addition, record).await {
            Ok(Some(position)) => Ok(Recorded { position, event }),
            Ok(None) => self.find_again(event).await,
            Err(Unwritten::Guard) => Err(Error::UnknownTask(task)),
            Err(error) => Err(error.into()),
        }
    }

    fn is_declared(&self, template: &Arc<Template>, name: &str) -> bool {
        let whole = template.custom_events.iter();
        let mut own = whole.chain(template.steps.iter().flat_map(|step| &step.custom_events));
        own.any(|event| event.name == name)
            || template.steps.iter().any(|step| self.handlers().declares(step, name))
    }

    /// The connection was lost after the commit, and the answer with it: the log knows.
    async fn find_again(&self, event: Event) -> Result<Recorded, Error> {
        let filter = EventFilter {
            names: Some(vec![event.name.as_str().to_owned()]),
            task: Some(event.task.id),
            ..EventFilter::default()
        };
        let newest = log::before(self.database(), &filter, i64::MAX, 100).await?;
        let same =
            |one: &Recorded| one.event.occurred_at == event.occurred_at && one.event.actor == event.actor;
        newest.into_iter().find(same).ok_or(Error::UnknownTask(event.task.id))
    }
}
