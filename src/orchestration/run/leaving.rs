//! Handlers that do not stop when they should: told, given a moment, then left to themselves and counted. What they answer
//! later is nobody's.
//!
//! A handler that waits for something is dropped where it stands. One that blocks its thread can't be: its attempt has
//! ended all the same.

use std::time::Duration;

use tokio::{task::AbortHandle, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{FAREWELL, Run};
use crate::{
    model::{
        failure::{Failure, FailureKind},
        id::StepNo,
        outcome::Outcome,
        task::Edit,
        time::Timestamp,
    },
    orchestration::Engine,
};

/// An attempt ends itself when its time is over. It can't while its thread is blocked.
const GRACE: Duration = Duration::from_secs(1);

/// An attempt that is being made here.
pub(super) struct Working {
    /// Tells its handler that the answer will not count.
    pub(super) cancel: CancellationToken,
    pub(super) abort: AbortHandle,
    /// When its time is over.
    pub(super) limit: Timestamp,
    /// The time is over, and until then it may say so itself.
    pub(super) overdue: Option<Instant>,
}

/// An attempt whose handler was told to stop.
pub(super) struct Leaving {
    no: StepNo,
    abort: AbortHandle,
    until: Instant,
}

impl Leaving {
    /// Enough: if it is still at it, it goes on by itself until it can be dropped.
    pub(super) fn end(&self, engine: &Engine) {
        if !self.abort.is_finished() {
            self.abort.abort();
            engine.count_abandoned(self.no, "it was told to stop and did not");
        }
    }
}

impl Run {
    /// The attempt of this step counts no more. If its handler is still at it, it is told.
    pub(super) fn let_leave(&mut self, no: StepNo) {
        let Some(Working { cancel, abort, .. }) = self.working.remove(&no) else { return };
        cancel.cancel();
        if !abort.is_finished() {
            self.leaving.push(Leaving { no, abort, until: Instant::now() + FAREWELL });
        }
    }

    /// The next moment at which the time of an attempt is over.
    pub(super) fn next_limit(&self, now: Timestamp) -> Option<Timestamp> {
        self.working.values().map(|working| working.limit).filter(|limit| *limit > now).min()
    }

    /// When somebody's patience ends.
    pub(super) fn patience(&mut self, now: Timestamp) -> Option<Instant> {
        for working in self.working.values_mut().filter(|working| working.limit <= now) {
            working.overdue.get_or_insert_with(|| Instant::now() + GRACE);
        }
        let overdue = self.working.values().filter_map(|working| working.overdue);
        overdue.chain(self.leaving.iter().map(|leaving| leaving.until)).min()
    }

    /// Handlers that were told long enough ago are left to themselves. Answers with the steps whose attempts should have
    /// ended by themselves, and have not.
    pub(super) fn abandon(&mut self) -> Vec<StepNo> {
        let now = Instant::now();
        let engine = self.engine.clone();
        self.leaving.retain(|leaving| {
            if leaving.until <= now {
                leaving.end(&engine);
            }
            leaving.until > now && !leaving.abort.is_finished()
        });
        let over = |working: &Working| {
            working.overdue.is_some_and(|until| until <= now) && !working.abort.is_finished()
        };
        let stuck: Vec<StepNo> =
            self.working.iter().filter(|(_, working)| over(working)).map(|(no, _)| *no).collect();
        for no in &stuck {
            engine.count_abandoned(*no, "its time was over and it blocked its thread");
            // Dropped as soon as it lets go of the thread.
            if let Some(working) = self.working.get(no) {
                working.abort.abort();
            }
        }
        stuck
    }
}

/// The attempt's time is over, and its handler does not even hear of it.
pub(super) fn time_out(edit: &mut Edit<'_>, no: StepNo, spread: f64) {
    let limit = humantime::format_duration(edit.task().template.step(no).timeout);
    let message = format!(
        "the attempt took longer than its limit of {limit}, and its handler blocks its thread: it can't be stopped"
    );
    let failure = Failure::new(FailureKind::Timeout, message);
    edit.settle(no, Outcome::Failed { failure, retry_after: None, results: None }.into(), spread);
}

impl Engine {
    /// A handler goes on by itself: what it does is nobody's business any more.
    pub(super) fn count_abandoned(&self, no: StepNo, why: &'static str) {
        self.metrics().attempts_abandoned.inc();
        tracing::warn!(step = no.0, why, "a handler is left to itself");
    }
}
