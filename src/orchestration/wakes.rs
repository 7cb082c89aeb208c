//! What makes this node look for free tasks.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use tokio::sync::Notify;

use crate::model::time::Timestamp;

/// What the claimer and the healer are waiting for.
pub(super) struct Wakes {
    bell: Notify,
    /// Tasks may belong to this node that it does not run.
    doubt: Notify,
    /// Free tasks that are due are in the database.
    backlog: AtomicBool,
    /// When the next parked task is due, in microseconds.
    next: AtomicI64,
}

impl Wakes {
    pub(super) fn new() -> Self {
        Self {
            bell: Notify::new(),
            doubt: Notify::new(),
            backlog: AtomicBool::new(true),
            next: AtomicI64::new(Timestamp::NEVER.0),
        }
    }

    /// A free task is, or is about to be, in the database; none means that it is due now.
    pub(super) fn note(&self, wake_at: Option<Timestamp>) {
        match wake_at {
            None => self.backlog.store(true, Ordering::Release),
            Some(at) => drop(self.next.fetch_min(at.0, Ordering::AcqRel)),
        }
    }

    /// Forgets what was noted; whoever calls it looks for free tasks next, or notes the backlog.
    pub(super) fn nothing_is_due(&self) {
        self.backlog.store(false, Ordering::Release);
        self.next.store(Timestamp::NEVER.0, Ordering::Release);
    }

    /// Looks again.
    pub(super) fn ring(&self) {
        self.bell.notify_one();
    }

    pub(super) async fn rung(&self) {
        self.bell.notified().await;
    }

    /// A task may be this node's, and nobody here attends to it: what it owns is looked at, and what is free.
    pub(super) fn doubt(&self) {
        self.doubt.notify_one();
        self.note(None);
        self.ring();
    }

    pub(super) async fn doubted(&self) {
        self.doubt.notified().await;
    }

    /// A run has ended: there is room, which matters when something waits for it.
    pub(super) fn room(&self) {
        if self.has_backlog() {
            self.ring();
        }
    }

    pub(super) fn has_backlog(&self) -> bool {
        self.backlog.load(Ordering::Acquire)
    }

    pub(super) fn next(&self) -> Timestamp {
        Timestamp(self.next.load(Ordering::Acquire))
    }
}
