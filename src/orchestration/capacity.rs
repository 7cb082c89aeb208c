//! Room for tasks in memory. Beyond it they wait in the database.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// How many tasks this node may hold. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Capacity {
    taken: Arc<AtomicUsize>,
    limit: usize,
}

/// Room for one task; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Room {
    taken: Arc<AtomicUsize>,
}

impl Capacity {
    pub(super) fn new(limit: usize) -> Self {
        Self { taken: Arc::default(), limit }
    }

    /// Room for one more, if there is any.
    pub(super) fn take(&self) -> Option<Room> {
        let claim = |taken| (taken < self.limit).then_some(taken + 1);
        self.taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, claim).ok()?;
        Some(Room { taken: self.taken.clone() })
    }

    /// Room in any case: for a command, which must reach its task.
    pub(super) fn squeeze(&self) -> Room {
        self.taken.fetch_add(1, Ordering::AcqRel);
        Room { taken: self.taken.clone() }
    }

    /// Tasks that still fit.
    pub(super) fn free(&self) -> usize {
        self.limit.saturating_sub(self.taken())
    }

    /// Tasks held.
    pub(super) fn taken(&self) -> usize {
        self.taken.load(Ordering::Acquire)
    }

    /// More tasks are held than half of what fits.
    pub(super) fn is_tight(&self) -> bool {
        self.taken() * 2 > self.limit
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.taken.fetch_sub(1, Ordering::AcqRel);
    }
}
