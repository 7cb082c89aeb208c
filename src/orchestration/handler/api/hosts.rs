//! The hosts that a node's steps ask: how many requests each has at once, and whether it is left alone.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use moka::sync::Cache;
use reqwest::Url;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    config::HttpSteps,
    metrics::{
        Metrics,
        labels::{ByReply, Reply},
    },
    model::{
        circuit::{Admission, Circuit, Patience},
        time::Timestamp,
    },
    orchestration::Clock,
};

/// Hosts that are remembered. A context may name any number of them.
const MOST: u64 = 10_000;

/// How long one is that nobody asks.
const IDLE: Duration = Duration::from_secs(3_600);

/// By what the clock of a limit and that of an answer may differ.
const CLOSE: Duration = Duration::from_millis(20);

/// By scheme, name and port. Cheap to clone.
#[derive(Clone)]
pub(super) struct Hosts {
    known: Cache<String, Arc<Host>>,
    shared: Arc<Shared>,
}

struct Shared {
    slots: usize,
    patience: Patience,
    clock: Clock,
    metrics: Metrics,
}

struct Host {
    slots: Arc<Semaphore>,
    circuit: Mutex<Circuit>,
    shared: Arc<Shared>,
}

/// A request that is under way. Dropped without an end, nobody wanted its answer any more, or it came too late.
pub(super) struct Visit {
    host: Arc<Host>,
    admission: Admission,
    began: Timestamp,
    ends: Timestamp,
    ended: bool,
    _slot: OwnedSemaphorePermit,
}

impl Hosts {
    pub(super) fn new(settings: &HttpSteps, clock: Clock, metrics: Metrics) -> Self {
        let breaker = &settings.circuit_breaker;
        let patience = Patience { failures: breaker.failures, open_for: breaker.open_for };
        let known = Cache::builder().max_capacity(MOST).time_to_idle(IDLE).build();
        let slots = settings.concurrency_per_host;
        Self { known, shared: Arc::new(Shared { slots, patience, clock, metrics }) }
    }

    /// Waits for a place among the requests to `url`'s host; `ends` is when nobody wants an answer any more. If the host
    /// is left alone, until when.
    pub(super) async fn visit(&self, url: &Url, ends: Timestamp) -> Result<Visit, Timestamp> {
        let host = self.known.get_with(url.origin().ascii_serialization(), || {
            let slots = Arc::new(Semaphore::new(self.shared.slots));
            Arc::new(Host { slots, circuit: Mutex::default(), shared: self.shared.clone() })
        });
        let Ok(slot) = host.slots.clone().acquire_owned().await else {
            // Nobody closes it.
            return Err(self.shared.clock.now());
        };
        let began = self.shared.clock.now();
        match host.change(|circuit| circuit.admit(self.shared.patience, began)) {
            Admission::NotBefore(moment) => {
                self.shared.count(Reply::CircuitOpen);
                Err(moment)
            }
            admission @ (Admission::Usual | Admission::Probe) => {
                Ok(Visit { host, admission, began, ends, ended: false, _slot: slot })
            }
        }
    }
}

impl Shared {
    fn count(&self, outcome: Reply) {
        self.metrics.http_requests.get_or_create(&ByReply { outcome }).inc();
    }
}

impl Host {
    fn change<T>(&self, change: impl FnOnce(&mut Circuit) -> T) -> T {
        let mut circuit = self.circuit();
        let before = circuit.is_open();
        let changed = change(&mut circuit);
        match (before, circuit.is_open()) {
            (false, true) => drop(self.shared.metrics.http_circuits_open.inc()),
            (true, false) => drop(self.shared.metrics.http_circuits_open.dec()),
            (true, true) | (false, false) => {}
        }
        changed
    }

    fn circuit(&self) -> MutexGuard<'_, Circuit> {
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nobody remembers it any more, so nobody counts it either.
impl Drop for Host {
    fn drop(&mut self) {
        if self.circuit().is_open() {
            self.shared.metrics.http_circuits_open.dec();
        }
    }
}

impl Visit {
    /// Nobody waits for longer than this, from now on.
    pub(super) fn within(mut self, limit: Duration) -> Self {
        self.ends = self.ends.min(self.began.plus(limit));
        self
    }

    pub(super) const fn ends(&self) -> Timestamp {
        self.ends
    }

    /// This became of it.
    pub(super) fn end(mut self, reply: Reply) {
        self.note(reply);
    }

    fn note(&mut self, reply: Reply) {
        self.ended = true;
        let Shared { patience, clock, metrics, .. } = &*self.host.shared;
        let (now, admission) = (clock.now(), self.admission);
        self.host.change(|circuit| match reply {
            // It answers, whatever it thinks of the question.
            Reply::Accepted | Reply::Redirect | Reply::Refused | Reply::RateLimited | Reply::Unusable => {
                circuit.succeeded(admission);
            }
            Reply::ServerError | Reply::Timeout | Reply::Broken => circuit.failed(admission, *patience, now),
            Reply::Forbidden | Reply::Cancelled | Reply::CircuitOpen => circuit.abandoned(admission, now),
        });
        self.host.shared.count(reply);
        metrics.http_request_seconds.observe(now.since(self.began).as_secs_f64());
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if !self.ended {
            let late = self.host.shared.clock.now().plus(CLOSE) >= self.ends;
            self.note(if late { Reply::Timeout } else { Reply::Cancelled });
        }
    }
}
