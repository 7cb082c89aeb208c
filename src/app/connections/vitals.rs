//! Whether a connection still has a purpose: what it said last, and when.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

use super::memory::Taken;

/// A client that takes nothing of its answer for this long is given up.
const STALLED: Duration = Duration::from_secs(60);

/// How long is waited for what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// For the head of a request, from the connection's or its own first byte on.
    pub(super) head: Duration,
    /// For another request, after the one before was answered.
    pub(super) idle: Duration,
}

/// What one connection is doing.
pub(super) struct Vitals {
    patience: Patience,
    state: Mutex<State>,
}

struct State {
    phase: Phase,
    /// Since when a write waits for the client to read.
    stalled: Option<Instant>,
    taken: Taken,
}

enum Phase {
    /// A head is on its way, or the connection is new.
    Head(Instant),
    /// A request is read and answered; it has time limits of its own.
    Answering,
    /// Between two requests.
    Idle(Instant),
}

impl Vitals {
    /// Of a new connection.
    pub(super) fn new(patience: Patience, taken: Taken) -> Self {
        let state = State { phase: Phase::Head(Instant::now()), stalled: None, taken };
        Self { patience, state: Mutex::new(state) }
    }

    /// So many bytes were read. False where there is no memory for them.
    pub(super) fn hears(&self, bytes: usize) -> bool {
        let mut state = self.lock();
        if let Phase::Idle(_) = state.phase {
            state.phase = Phase::Head(Instant::now());
        }
        state.taken.more(bytes)
    }

    /// What was read is done with.
    pub(super) fn done(&self) {
        self.lock().taken.done();
    }

    /// A write was taken, or has to wait.
    pub(super) fn writes(&self, waits: bool) {
        let mut state = self.lock();
        state.stalled = waits.then(|| state.stalled.unwrap_or_else(Instant::now));
    }

    /// A request has come, and is answered until this is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Busy {
        self.lock().phase = Phase::Answering;
        Busy(self.clone())
    }

    /// Waits until there is nothing to wait for any more.
    pub(super) async fn gives_up(&self) {
        // It may be another end by then, and waking up at each change would cost every request.
        let look = self.patience.head.min(self.patience.idle) / 2;
        loop {
            let (now, end) = (Instant::now(), self.end());
            match end {
                Some(end) if end <= now => return,
                end => sleep_until(end.map_or(now + look, |end| end.min(now + look))).await,
            }
        }
    }

    /// When it is given up, unless something happens before.
    fn end(&self) -> Option<Instant> {
        let state = self.lock();
        let of_phase = match state.phase {
            Phase::Head(since) => Some(since + self.patience.head),
            Phase::Idle(since) => Some(since + self.patience.idle),
            Phase::Answering => None,
        };
        let of_write = state.stalled.map(|since| since + STALLED);
        of_phase.into_iter().chain(of_write).min()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request is being answered.
pub(super) struct Busy(Arc<Vitals>);

impl Drop for Busy {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.phase = Phase::Idle(Instant::now());
        state.taken.done();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{app::connections::memory::Memory, metrics::Metrics};

    const SECOND: Duration = Duration::from_secs(1);

    fn vitals() -> Arc<Vitals> {
        let memory = Memory::new(1 << 20, Metrics::new());
        Arc::new(Vitals::new(Patience { head: 10 * SECOND, idle: 75 * SECOND }, memory.nothing()))
    }

    async fn lasts(vitals: &Vitals) -> Duration {
        let now = Instant::now();
        vitals.gives_up().await;
        now.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_has_to_come_and_bytes_of_it_gain_no_time() {
        let vitals = vitals();
        tokio::time::advance(4 * SECOND).await;
        vitals.hears(1);
        assert_eq!(lasts(&vitals).await, 6 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn between_requests_there_is_time_until_the_next_one_begins() {
        let vitals = vitals();
        drop(vitals.begin());
        tokio::time::advance(70 * SECOND).await;
        vitals.hears(1);
        assert_eq!(lasts(&vitals).await, 10 * SECOND);
        drop(vitals.begin());
        assert_eq!(lasts(&vitals).await, 75 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_takes_as_long_as_it_takes_while_somebody_reads_it() {
        let vitals = vitals();
        let _busy = vitals.begin();
        let forever = tokio::time::timeout(3_600 * SECOND, vitals.gives_up()).await;
        assert!(forever.is_err());
        vitals.writes(true);
        tokio::time::advance(30 * SECOND).await;
        vitals.writes(true);
        assert!(lasts(&vitals).await <= 30 * SECOND);
        vitals.writes(false);
        assert!(tokio::time::timeout(3_600 * SECOND, vitals.gives_up()).await.is_err());
    }
}
