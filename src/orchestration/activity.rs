//! What a node is doing at this moment, counted: for `run_until_idle` in tests, and for people who wonder.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use super::Engine;

/// What is going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Activity {
    /// Runs of tasks that are not just waiting for a handler, a wish or a moment.
    pub busy: usize,
    /// Attempts whose answer has not been taken in.
    pub attempts: usize,
    /// Changes that the journal has not answered.
    pub unwritten: usize,
    /// Free tasks are being looked for.
    pub claiming: bool,
}

/// How many there are of something. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Count(Arc<AtomicUsize>);

/// One of them; no more when it is dropped.
#[derive(Debug)]
pub(super) struct Counted(Arc<AtomicUsize>);

impl Count {
    pub(super) fn one(&self) -> Counted {
        self.0.fetch_add(1, Ordering::AcqRel);
        Counted(self.0.clone())
    }

    pub(super) fn get(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Engine {
    /// What is going on now.
    pub fn activity(&self) -> Activity {
        let signals = self.signals();
        Activity {
            busy: self.work().len().saturating_sub(signals.waiting.get()),
            attempts: signals.attempts.get(),
            unwritten: self.journal().unwritten(),
            claiming: signals.claiming.get() > 0,
        }
    }

    /// Drops every run where it stands and writes nothing more, as if the process had died: the lease runs out by
    /// itself. For drills and tests of recovery.
    pub async fn abandon(&self) {
        self.fence().cancel();
        // Before anything is waited for, so that the keeper of the lease does not take this for a database that was away.
        self.stopping().cancel();
        self.work().close();
        self.work().wait().await;
    }
}
