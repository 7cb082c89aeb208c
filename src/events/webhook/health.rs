//! Whether whoever receives a webhook's deliveries is there at all.
//!
//! One task's delivery may fail because of what is in it; several tasks' that fail with no success in between do not.
//! Then there is one try at a time, with growing pauses, until one succeeds: an hour's outage neither hammers the
//! receiver nor parks every task there is.

use std::{collections::HashSet, time::Duration};

use tokio::time::Instant;

use super::lines::doubled;
use crate::model::id::TaskId;

/// Different tasks that fail in a row.
const DOWN_AFTER: usize = 5;

#[derive(Debug, Default)]
pub(super) struct Health {
    failing: HashSet<TaskId>,
    /// Failures since it counts as down.
    streak: u32,
    paused_until: Option<Instant>,
}

impl Health {
    pub(super) fn succeeded(&mut self) {
        self.failing.clear();
        self.streak = 0;
    }

    /// Answers whether it has just gone down.
    pub(super) fn failed(&mut self, task: TaskId, least: Duration, most: Duration, now: Instant) -> bool {
        if self.failing.len() < DOWN_AFTER {
            self.failing.insert(task);
        }
        if self.is_down() {
            self.streak += 1;
            self.pause_until(now + doubled(least, self.streak - 1, most));
        }
        self.streak == 1
    }

    /// It asked for a pause.
    pub(super) fn pause_until(&mut self, moment: Instant) {
        self.paused_until = Some(self.paused_until.map_or(moment, |until| until.max(moment)));
    }

    pub(super) fn is_down(&self) -> bool {
        self.failing.len() >= DOWN_AFTER
    }

    /// Tries at the same time, where `most` are configured.
    pub(super) fn width(&self, most: usize, now: Instant) -> usize {
        match self.paused_until {
            Some(until) if until > now => 0,
            _ if self.is_down() => 1,
            _ => most,
        }
    }

    /// When there may be a try again.
    pub(super) fn paused_until(&self, now: Instant) -> Option<Instant> {
        self.paused_until.filter(|until| *until > now)
    }
}
