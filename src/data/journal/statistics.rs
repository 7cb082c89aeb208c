//! What the journal has done: counted here, read by metrics, `tasker bench` and tests.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Totals since the start.
#[derive(Debug, Default)]
pub struct Statistics {
    flushes: AtomicU64,
    statements: AtomicU64,
    rows: AtomicU64,
    changes: AtomicU64,
    micros: AtomicU64,
    dealt_with: AtomicU64,
    recent: Mutex<Recent>,
}

/// How long the last flushes took.
#[derive(Debug, Default)]
struct Recent {
    last: Option<Instant>,
    took: VecDeque<Duration>,
}

/// Flushes that are remembered.
const REMEMBERED: usize = 1_000;

/// The totals at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Write transactions.
    pub flushes: u64,
    /// SQL statements in them, `BEGIN` and `COMMIT` included.
    pub statements: u64,
    /// Rows written.
    pub rows: u64,
    /// Entries they carried.
    pub changes: u64,
    /// Microseconds spent writing.
    pub micros: u64,
}

impl Statistics {
    /// The totals now.
    pub fn totals(&self) -> Totals {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Totals {
            flushes: read(&self.flushes),
            statements: read(&self.statements),
            rows: read(&self.rows),
            changes: read(&self.changes),
            micros: read(&self.micros),
        }
    }

    /// Entries that were taken from the queue and answered.
    pub(super) fn dealt_with(&self) -> u64 {
        self.dealt_with.load(Ordering::Acquire)
    }

    pub(super) fn taken(&self, entries: usize) {
        self.dealt_with.fetch_add(entries as u64, Ordering::AcqRel);
    }

    pub(super) fn flushed(&self, changes: usize, statements: u64, rows: u64, took: Duration) {
        let add = |counter: &AtomicU64, value: u64| counter.fetch_add(value, Ordering::Relaxed);
        add(&self.flushes, 1);
        add(&self.statements, statements);
        add(&self.rows, rows);
        add(&self.changes, changes as u64);
        add(&self.micros, u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        let mut recent = self.recent();
        recent.last = Some(Instant::now());
        recent.took.push_back(took);
        if recent.took.len() > REMEMBERED {
            recent.took.pop_front();
        }
    }

    /// How long ago something was written; none where nothing was.
    pub fn last_flush_age(&self) -> Option<Duration> {
        self.recent().last.map(|last| last.elapsed())
    }

    /// What 99 of 100 of the last flushes took at most; none where there were none.
    pub fn recent_p99(&self) -> Option<Duration> {
        let mut took: Vec<Duration> = self.recent().took.iter().copied().collect();
        took.sort_unstable();
        took.get(took.len().saturating_sub(1) * 99 / 100).copied()
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::ops::Sub for Totals {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            flushes: self.flushes - before.flushes,
            statements: self.statements - before.statements,
            rows: self.rows - before.rows,
            changes: self.changes - before.changes,
            micros: self.micros - before.micros,
        }
    }
}
