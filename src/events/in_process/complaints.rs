//! Failures of a subscriber in the log: the first at once, then one line a minute for all.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::events::WorkflowEvent;

const PAUSE: Duration = Duration::from_secs(60);

pub(super) struct Complaints {
    subscriber: Arc<str>,
    last: Option<Instant>,
    untold: u64,
}

impl Complaints {
    pub(super) fn of(subscriber: Arc<str>) -> Self {
        Self { subscriber, last: None, untold: 0 }
    }

    pub(super) fn about(&mut self, event: &WorkflowEvent, why: &str) {
        if self.last.is_some_and(|last| last.elapsed() < PAUSE) {
            self.untold += 1;
            return;
        }
        tracing::warn!(
            subscriber = &*self.subscriber,
            event = event.name(),
            task_id = %event.task_id(),
            why,
            since_the_last_line = self.untold,
            "a subscriber failed; the task goes on"
        );
        (self.last, self.untold) = (Some(Instant::now()), 0);
    }
}
