//! What is on its way takes memory before anybody has looked at it: so much in all, whoever sends it.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use crate::metrics::Metrics;

/// So much every connection may have on its way, whatever the others have.
const FLOOR: usize = 16 << 10;

/// Between two log lines.
const MINUTE: Duration = Duration::from_secs(60);

/// The memory of all connections together.
pub(super) struct Memory {
    most: usize,
    used: AtomicUsize,
    told: Mutex<Option<Instant>>,
    metrics: Metrics,
}

/// What one connection has taken of it: what came in for a request or a message that is not done with yet.
pub(super) struct Taken {
    of: Arc<Memory>,
    bytes: usize,
}

impl Memory {
    /// So many bytes.
    pub(super) fn new(most: usize, metrics: Metrics) -> Arc<Self> {
        Arc::new(Self { most, used: AtomicUsize::new(0), told: Mutex::default(), metrics })
    }

    /// Nothing yet.
    pub(super) fn nothing(self: &Arc<Self>) -> Taken {
        Taken { of: self.clone(), bytes: 0 }
    }

    fn refuse(&self) {
        self.metrics.connections_shed.inc();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_none_or(|told| told.elapsed() > MINUTE) {
            *told = Some(Instant::now());
            let most = self.most;
            tracing::warn!(
                most,
                "requests on their way take as much memory as they may: connections are closed"
            );
        }
    }
}

impl Taken {
    /// Takes more. False where there is no more, and this connection is to end.
    pub(super) fn more(&mut self, bytes: usize) -> bool {
        self.bytes += bytes;
        let used = self.of.used.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let fits = used <= self.of.most || self.bytes <= FLOOR;
        if !fits {
            self.of.refuse();
        }
        fits
    }

    /// Gives it back: what came in was answered or handed on.
    pub(super) fn done(&mut self) {
        self.of.used.fetch_sub(std::mem::take(&mut self.bytes), Ordering::Relaxed);
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.done();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_much_in_all_and_a_little_for_everybody() {
        let memory = Memory::new(1 << 20, Metrics::new());
        let (mut one, mut other, mut small) = (memory.nothing(), memory.nothing(), memory.nothing());
        assert!(one.more(1 << 19) && other.more(1 << 19));
        assert!(!other.more(1) && small.more(FLOOR) && !small.more(1));
        assert_eq!(memory.metrics.connections_shed.get(), 2);
        one.done();
        assert!(other.more(1));
        drop((one, other, small));
        assert_eq!(memory.used.load(Ordering::Relaxed), 0);
    }
}
