//! What this process alone is told: see [`events::Local`](crate::events::Local). Nothing of it is stored, and nothing is made while nobody listens.

use serde_json::{Value, json};

use super::Engine;
use crate::model::{
    change::Change,
    event::{Event, EventName, EventStep, EventTask},
    id::StepNo,
    task::Task,
    time::Timestamp,
};

impl Engine {
    /// A new task is stored: it is run here at once, or waits for whoever has room.
    pub(super) fn tell_created(&self, id: EventTask, wake_at: Option<Timestamp>) {
        self.local().tell(|| enqueued(id, "created", wake_at, self.clock().now()));
    }

    /// A task was let go of, to be taken up again: nothing more comes for a while, or the node stops.
    pub(super) fn tell_parked(&self, task: &Task, wake_at: Option<Timestamp>) {
        self.local().tell(|| enqueued(task.about.clone(), "parked", wake_at, self.clock().now()));
    }

    /// These steps are about to start.
    pub(super) fn tell_viable(&self, task: &Task, steps: &[StepNo]) {
        self.local().tell(|| {
            let ids: Vec<_> = steps.iter().map(|&no| task.step(no).id).collect();
            let names: Vec<_> = steps.iter().map(|&no| &task.template.step(no).name).collect();
            let alone = !task.template.concurrent || task.is_suspect();
            let details = json!({
                "step_ids": ids,
                "step_names": names,
                "step_count": steps.len(),
                "processing_mode": if alone { "sequential" } else { "concurrent" },
            });
            let (name, now) = (EventName::ViableStepsDiscovered, self.clock().now());
            local(name, task.about.clone(), None, details, now)
        });
    }

    /// The task rests, and that is stored.
    pub(super) fn tell_finalized(&self, task: &Task) {
        self.local().tell(|| {
            let now = self.clock().now();
            let tally = task.tally(now);
            let mut details = json!({
                "final_status": task.status.as_str(),
                "execution_status": tally.execution_status(),
                "health_status": tally.health_status(),
                "recommended_action": tally.recommended_action(),
                "completion_percentage": tally.completion_percentage(),
                "total_steps": tally.total(),
                "completed_steps": tally.done(),
                "failed_steps": tally.error,
            });
            if let Some(began) = task.started_at {
                details["execution_duration"] = json!(now.since(began).as_secs_f64());
            }
            local(EventName::TaskFinalized, task.about.clone(), None, details, now)
        });
    }

    /// Retries that `change` schedules; none while nobody would be told.
    pub(super) fn retries(&self, change: &Change) -> Vec<Event> {
        if !self.local().is_heard() {
            return Vec::new();
        }
        let scheduled = change.events.iter().filter(|event| event.name == EventName::StepRetryScheduled);
        scheduled.cloned().collect()
    }

    /// These retries were scheduled, and that is stored.
    pub(super) fn tell_backoffs(&self, retries: Vec<Event>) {
        for retry in retries {
            let Event { occurred_at, task, step, details, .. } = retry;
            self.local().tell(|| {
                let details = details.unwrap_or_default();
                local(EventName::StepBackoff, task, step, details, occurred_at)
            });
        }
    }
}

fn enqueued(task: EventTask, why: &str, wake_at: Option<Timestamp>, now: Timestamp) -> Event {
    let mut details = json!({ "reason": why });
    // Who is parked until somebody acts has no moment.
    if let Some(at) = wake_at.filter(|&at| at < Timestamp::NEVER) {
        details["wake_at"] = json!(at.to_rfc3339());
    }
    local(EventName::TaskEnqueued, task, None, details, now)
}

fn local(name: EventName, task: EventTask, step: Option<EventStep>, details: Value, now: Timestamp) -> Event {
    Event { name, occurred_at: now, task, step, from: None, to: None, actor: None, details: Some(details) }
}
