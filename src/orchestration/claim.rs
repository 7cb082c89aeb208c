//! Taking up tasks that wait in the database: new ones beyond the memory's limit, parked ones whose time has
//! come, those that a dead node left.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use tokio::sync::Notify;

use super::{Engine, capacity::Room, runs::Message};
use crate::{
    data::{
        Error, Kind,
        journal::Claim,
        load::{self, Rows},
        node, parked,
    },
    model::{id::TaskId, time::Timestamp},
};

/// Tasks claimed at once.
const BATCH: usize = 200;

/// What the claimer is waiting for.
pub(super) struct Wakes {
    bell: Notify,
    /// Free tasks that are due are in the database.
    backlog: AtomicBool,
    /// When the next parked task is due, in microseconds.
    next: AtomicI64,
    /// Tasks may belong to this node that it does not run.
    unsure: AtomicBool,
}

impl Wakes {
    pub(super) fn new() -> Self {
        Self {
            bell: Notify::new(),
            backlog: AtomicBool::new(true),
            next: AtomicI64::new(Timestamp::NEVER.0),
            unsure: AtomicBool::new(false),
        }
    }

    /// A free task is, or is about to be, in the database; none means that it is due now.
    pub(super) fn note(&self, wake_at: Option<Timestamp>) {
        match wake_at {
            None => self.backlog.store(true, Ordering::Release),
            Some(at) => drop(self.next.fetch_min(at.0, Ordering::AcqRel)),
        }
    }

    /// Tasks may belong to this node that it does not run: the next look finds them.
    pub(super) fn doubt(&self) {
        self.unsure.store(true, Ordering::Release);
    }

    /// Looks again.
    pub(super) fn ring(&self) {
        self.bell.notify_one();
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

    fn next(&self) -> Timestamp {
        Timestamp(self.next.load(Ordering::Acquire))
    }
}

impl Engine {
    pub(super) fn keep_claiming(&self) {
        let engine = self.clone();
        self.keep("free tasks are no longer looked for", async move { engine.claim_loop().await });
    }

    async fn claim_loop(&self) {
        self.wakes().ring();
        let mut claiming = self.signals().claiming.one();
        loop {
            let next = self.wakes().next();
            drop(claiming);
            tokio::select! {
                () = self.wakes().bell.notified() => {}
                () = self.clock().sleep_until(next), if next < Timestamp::NEVER => {}
                () = tokio::time::sleep(self.settings().lease_ttl / 3), if self.database().kind() == Kind::Postgres => {
                    self.sweep().await;
                }
            }
            claiming = self.signals().claiming.one();
            if let Err(error) = self.claim_due().await {
                tracing::warn!(error = &error as &dyn std::error::Error, "free tasks could not be taken up");
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                // Some may be this node's without its knowing: the claim's answer was lost, or their rows.
                self.wakes().doubt();
                self.wakes().note(None);
                self.wakes().ring();
            }
        }
    }

    /// Runs what belongs to this node and does not run.
    async fn run_own(&self) -> Result<(), Error> {
        let mut own = parked::owned(self.database(), self.identity().id).await?;
        own.retain(|&task| self.runs().inbox(task).is_none());
        for rows in load::rows(self.database(), &own).await? {
            if rows.0.owner == Some(self.identity().id.0) {
                let _ = self.run_rows(rows, self.capacity().squeeze(), None).await;
            }
        }
        Ok(())
    }

    /// Tasks of nodes whose lease ran out are free, and other nodes may have left some.
    async fn sweep(&self) {
        match node::take_over(self.database(), Some(self.identity().id)).await {
            Ok(taken) => drop(self.metrics().recoveries.inc_by(taken)),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "dead nodes could not be looked for")
            }
        }
        self.wakes().note(None);
    }

    async fn claim_due(&self) -> Result<(), Error> {
        let due = self.wakes().next() <= self.clock().now();
        if !due && !self.wakes().has_backlog() {
            return Ok(());
        }
        if self.wakes().unsure.load(Ordering::Acquire) {
            self.run_own().await?;
            self.wakes().unsure.store(false, Ordering::Release);
        }
        loop {
            let limit = self.capacity().free().min(BATCH);
            if limit == 0 {
                // The next run that ends rings again.
                self.wakes().note(None);
                return Ok(());
            }
            // Lowered first: what arrives meanwhile raises it again.
            self.wakes().backlog.store(false, Ordering::Release);
            self.wakes().next.store(Timestamp::NEVER.0, Ordering::Release);
            let taken = self.journal().claim(Claim::Due { limit, now: self.clock().now() }).await?;
            let more = taken.len() >= limit;
            for rows in load::rows(self.database(), &taken).await? {
                let _ = self.run_rows(rows, self.capacity().squeeze(), None).await;
            }
            if !more {
                self.wakes().note(parked::next_wake(self.database()).await?.or(Some(Timestamp::NEVER)));
                return Ok(());
            }
            self.wakes().note(None);
        }
    }

    /// Runs an owned task. One that can't be read is put aside for a while, so that it stops nobody else.
    pub(super) async fn run_rows(&self, rows: Rows, room: Room, first: Option<Message>) -> Result<(), Error> {
        let (id, digest) = (TaskId(rows.0.id), rows.0.digest.clone());
        let change = parked::put_aside(&rows.0, self.clock().now());
        let task = match self.pinned_template(&digest).await {
            Ok(template) => load::task(rows, template),
            Err(error) => Err(error),
        };
        match task {
            Ok(task) => {
                self.start_run(task, room, first);
                Ok(())
            }
            Err(error) => {
                tracing::error!(task = %id, error = &error as &dyn std::error::Error, "the task can't be read; it is tried again in five minutes");
                match change {
                    Some(change) => drop(self.journal().commit(change).await),
                    None => tracing::error!(task = %id, "the task's status is not one this program knows"),
                }
                Err(error)
            }
        }
    }
}
