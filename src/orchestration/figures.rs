//! Keeps the figures up to date: one node follows the log, folds what happens, and stores it every few seconds.
//!
//! Nothing of it is in the way of a task: the events come from memory while the node keeps up, and what is stored is a
//! few rows however much has happened. Figures and position are written together, so that each event counts once,
//! whatever crashes.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::Engine;
use crate::{
    data::{
        Error,
        duty::{self, Duty},
        log::{self, EventFilter, Follower},
        rollup,
    },
    model::{analytics::Fold, event::Recorded},
};

/// How old figures get.
const EVERY: Duration = Duration::from_secs(5);

/// Changed cells that are stored before that.
const MANY: usize = 2_000;

/// Events read at once by who catches up by hand.
const PAGE: u64 = 2_000;

/// Pages that are stored together.
const PAGES: usize = 10;

impl Engine {
    /// Keeps the figures, where no other node does, until the node stops.
    pub fn keep_figures(&self) {
        let engine = self.clone();
        let work = async move {
            loop {
                if let Err(error) = engine.follow_log().await {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, "the figures could not be kept up to date; tried again in 5 s");
                }
                sleep(EVERY).await;
            }
        };
        tokio::spawn(self.stopping().clone().run_until_cancelled_owned(work));
    }

    /// Brings the figures up to the end of the log.
    pub async fn catch_up_figures(&self) -> Result<(), Error> {
        let end = log::position(self.database()).await?;
        self.catch_up_figures_to(end).await
    }

    /// Brings them up to this position at least, so much at once. What somebody else has stored meanwhile is not stored
    /// again: it is gone on from there.
    pub(super) async fn catch_up_figures_to(&self, end: i64) -> Result<(), Error> {
        let database = self.database();
        loop {
            let from = rollup::position(database).await?;
            if from >= end {
                return Ok(());
            }
            let mut fold = Fold::from(from);
            for _ in 0..PAGES {
                let page = log::after(database, &EventFilter::default(), fold.position(), PAGE).await?;
                if page.is_empty() {
                    break;
                }
                self.absorb(&mut fold, &page).await?;
            }
            if fold.position() == from {
                // What is left of the log below `end` was removed.
                return Ok(());
            }
            self.store_figures(&mut fold, from).await?;
        }
    }

    /// While this node has the duty, and nobody else was there in between.
    async fn follow_log(&self) -> Result<(), Error> {
        if !duty::take(self.database(), Duty::Analytics, self.identity().id).await? {
            return Ok(());
        }
        let mut stored = rollup::position(self.database()).await?;
        let mut fold = Fold::from(stored);
        let mut follower = Follower::new(self.log(), EventFilter::default(), Some(stored));
        let mut due = Instant::now() + EVERY;
        loop {
            if let Ok(events) = timeout_at(due, follower.next_batch()).await {
                self.absorb(&mut fold, &events?).await?;
            }
            if Instant::now() < due && fold.len() < MANY {
                continue;
            }
            if fold.position() > stored && !self.store_figures(&mut fold, stored).await? {
                return Ok(());
            }
            stored = fold.position();
            if !duty::take(self.database(), Duty::Analytics, self.identity().id).await? {
                return Ok(());
            }
            due = Instant::now() + EVERY;
        }
    }

    async fn absorb(&self, fold: &mut Fold, events: &[Recorded]) -> Result<(), Error> {
        let unknown = fold.unknown(events);
        if !unknown.is_empty() {
            fold.learn(rollup::versions(self.database(), &unknown).await?);
        }
        events.iter().for_each(|recorded| fold.add(recorded));
        Ok(())
    }

    async fn store_figures(&self, fold: &mut Fold, from: i64) -> Result<bool, Error> {
        let to = fold.position();
        let (cells, totals) = fold.take();
        rollup::add(self.database(), (from, to), cells, &totals).await
    }
}
