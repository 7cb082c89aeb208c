//! What the log says that workers wait for, whichever node it happened on.

use std::{error::Error, sync::atomic::Ordering, time::Duration};

use crate::{
    data::log::{EventFilter, Follower},
    model::event::{EventName, Recorded},
    orchestration::Engine,
};

/// What a worker's attempt can come to without its doing, or with it.
const ENDS: [EventName; 4] =
    [EventName::StepCancelled, EventName::StepReleased, EventName::StepFailed, EventName::StepCompleted];

impl Engine {
    /// Follows the log for workers, from the first one that asks until the node stops.
    pub(super) fn hear_news(&self) {
        if !self.workers().follows.swap(true, Ordering::AcqRel) {
            let (engine, stop) = (self.clone(), self.stopping().clone());
            tokio::spawn(async move { stop.run_until_cancelled(engine.pass_on_news()).await });
        }
    }

    async fn pass_on_news(&self) {
        let polls = &self.workers().polls;
        loop {
            let names = ENDS.iter().chain([&EventName::StepAwaitingWorker]);
            let names = Some(names.map(|name| name.as_str().to_owned()).collect());
            let mut follower =
                Follower::new(self.log(), EventFilter { names, ..EventFilter::default() }, None);
            // Of what happened before nobody was told.
            polls.tell_all();
            let error = loop {
                match follower.next_batch().await {
                    Ok(batch) => batch.iter().for_each(|recorded| self.pass_on(recorded)),
                    Err(error) => break error,
                }
            };
            tracing::warn!(error = &error as &dyn Error, "workers are told late: the log can't be followed");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    fn pass_on(&self, recorded: &Recorded) {
        let (event, polls) = (&recorded.event, &self.workers().polls);
        if event.name == EventName::StepAwaitingWorker {
            let class = event.details.as_ref().and_then(|details| details.get("handler_class"));
            if let Some(class) = class.and_then(serde_json::Value::as_str) {
                polls.tell_one(class);
            }
        } else if let Some(step) = &event.step {
            polls.tell_of(event.task.id, step.id);
        }
    }
}
