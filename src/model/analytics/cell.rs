//! What is kept of one template or step in one stretch of time.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Sketch;
use crate::model::status::Status;

/// How many of the slowest are remembered.
pub const SLOWEST: usize = 20;

/// Kinds of errors that are told apart; the kinds are Tasker's own, so there are never so many.
const KINDS: usize = 50;

/// Counts and durations.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cell {
    /// Tasks or steps that came to be.
    pub created: u64,
    /// Those that are complete.
    pub complete: u64,
    /// Those that came to rest in error; one that is retried may do so again.
    pub error: u64,
    /// Those that were cancelled.
    pub cancelled: u64,
    /// Those that somebody declared done.
    pub resolved: u64,
    /// Attempts that failed, of steps.
    pub failures: u64,
    /// Attempts that were scheduled after a failure, of steps.
    pub retries: u64,
    /// Failures by their kind.
    pub kinds: BTreeMap<String, u64>,
    /// How long those took that are complete: a task since its first start, a step its last attempt.
    pub durations: Sketch,
    /// The slowest of them, the slowest first.
    pub slowest: Vec<Slow>,
}

/// A task or a step that took long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Slow {
    /// Microseconds.
    #[serde(rename = "d")]
    pub micros: u64,
    /// Which task.
    #[serde(rename = "t")]
    pub task: Uuid,
    /// Which of its steps; none for the task.
    #[serde(rename = "s", skip_serializing_if = "Option::is_none", default)]
    pub step: Option<Uuid>,
}

impl Cell {
    /// One came to rest.
    pub fn rested(&mut self, status: Status) {
        match status {
            Status::Complete => self.complete += 1,
            Status::Error => self.error += 1,
            Status::Cancelled => self.cancelled += 1,
            Status::ResolvedManually => self.resolved += 1,
            Status::Pending | Status::InProgress => {}
        }
    }

    /// How many are settled.
    pub const fn finished(&self) -> u64 {
        self.complete + self.cancelled + self.resolved
    }

    /// Attempts whose end is known.
    pub const fn attempts(&self) -> u64 {
        self.complete + self.failures
    }

    /// An attempt failed with an error of this kind.
    pub fn failed(&mut self, kind: &str) {
        self.failures += 1;
        self.count_kind(kind, 1);
    }

    /// One that is complete took so long.
    pub fn took(&mut self, slow: Slow) {
        self.durations.add(std::time::Duration::from_micros(slow.micros));
        self.remember(slow);
    }

    /// And all of that.
    pub fn merge(&mut self, other: &Self) {
        self.created += other.created;
        self.complete += other.complete;
        self.error += other.error;
        self.cancelled += other.cancelled;
        self.resolved += other.resolved;
        self.failures += other.failures;
        self.retries += other.retries;
        other.kinds.iter().for_each(|(kind, count)| self.count_kind(kind, *count));
        self.durations.merge(&other.durations);
        other.slowest.iter().for_each(|slow| self.remember(*slow));
    }

    fn count_kind(&mut self, kind: &str, count: u64) {
        let known = self.kinds.contains_key(kind) || self.kinds.len() < KINDS;
        *self.kinds.entry(if known { kind } else { "other" }.to_owned()).or_default() += count;
    }

    fn remember(&mut self, slow: Slow) {
        if self.slowest.len() == SLOWEST && self.slowest.last().is_some_and(|last| *last >= slow) {
            return;
        }
        let place = self.slowest.partition_point(|known| *known > slow);
        self.slowest.insert(place, slow);
        self.slowest.truncate(SLOWEST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_of_a_sum_are_the_slowest_of_its_parts() {
        let slow = |micros| Slow { micros, task: Uuid::from_u128(micros.into()), step: None };
        let (mut whole, mut sum) = (Cell::default(), Cell::default());
        for part in 0..5 {
            let mut cell = Cell::default();
            for micros in (0..30).map(|n| n * 7 % 30 * 10 + part) {
                cell.took(slow(micros));
                whole.took(slow(micros));
            }
            sum.merge(&cell);
        }
        assert_eq!(sum, whole);
        assert_eq!(sum.slowest.len(), SLOWEST);
        assert_eq!((sum.slowest[0].micros, sum.slowest[5].micros), (294, 284));
    }

    #[test]
    fn kinds_of_errors_are_bounded() {
        let mut cell = Cell::default();
        (0..100).for_each(|n| cell.failed(&format!("kind {n}")));
        assert_eq!((cell.kinds.len(), cell.kinds["other"], cell.failures), (KINDS + 1, 50, 100));
    }
}
