//! Taking up tasks that wait in the database: new ones beyond the memory's limit, parked ones whose time has
//! come, those that a dead node left.

use std::collections::BTreeMap;

use super::{
    Engine,
    run::Start,
    runs::{Message, Unrecovered},
};
use crate::{
    data::{Error, journal::Claim, load, parked},
    model::{id::TaskId, time::Timestamp},
};

/// Tasks claimed at once.
pub(super) const BATCH: usize = 200;

impl Engine {
    pub(super) fn keep_claiming(&self) {
        let engine = self.clone();
        self.keep("free tasks are no longer looked for", async move { engine.claim_loop().await });
        self.keep_sweeping();
    }

    async fn claim_loop(&self) {
        self.wakes().ring();
        let mut claiming = self.signals().claiming.one();
        loop {
            let next = self.wakes().next();
            drop(claiming);
            tokio::select! {
                () = self.wakes().rung() => {}
                () = self.clock().sleep_until(next), if next < Timestamp::NEVER => {}
            }
            claiming = self.signals().claiming.one();
            // To the end, also when the node stops: what is claimed must be run, or given back by its run.
            let engine = self.clone();
            let done = self.work().spawn(async move { engine.claim_due().await }).await;
            if let Ok(Err(error)) = done {
                tracing::warn!(error = &error as &dyn std::error::Error, "free tasks could not be taken up");
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                // Some may be this node's without its knowing: the claim's answer was lost, or their rows.
                self.wakes().doubt();
            }
        }
    }

    async fn claim_due(&self) -> Result<(), Error> {
        let due = self.wakes().next() <= self.clock().now();
        if self.is_fenced() || !due && !self.wakes().has_backlog() {
            return Ok(());
        }
        let unrecovered = self.runs().unrecovered().await;
        loop {
            let limit = self.room();
            if limit == 0 || self.signals().draining.is_cancelled() {
                return Ok(());
            }
            // Lowered first: what arrives meanwhile raises it again.
            self.wakes().nothing_is_due();
            let due = Claim::Due { limit, now: self.clock().now() };
            if self.take(due, BTreeMap::new(), &unrecovered).await? < limit {
                self.wakes().note(parked::next_wake(self.database()).await?.or(Some(Timestamp::NEVER)));
                return Ok(());
            }
            self.wakes().note(None);
        }
    }

    /// Claims tasks and runs them. Each hears what was left about it, then what it is taken up for. Answers with how many
    /// were free.
    pub(super) async fn take(
        &self,
        claim: Claim,
        mut wanted: BTreeMap<TaskId, Message>,
        unrecovered: &Unrecovered,
    ) -> Result<usize, Error> {
        // Without an answer some may be this node's without its knowing.
        let unsure = |_: &Error| self.wakes().doubt();
        let still = self.left().still().await;
        let taken = self.journal().claim(claim).await.inspect_err(unsure)?;
        if taken.is_empty() {
            return Ok(0);
        }
        let mut left = self.left_about(&taken).await.inspect_err(unsure)?;
        drop(still);
        for rows in load::rows(self.database(), &taken).await.inspect_err(unsure)? {
            let id = TaskId(rows.0.id);
            if !self.owns(&rows) {
                // This node has lost its lease meanwhile.
                continue;
            }
            let mut first = left.remove(&id).unwrap_or_default();
            first.extend(wanted.remove(&id));
            let start =
                Start { room: self.capacity().squeeze(), first, unrecovered: Some(unrecovered.clone()) };
            let _ = self.run_rows(rows, start).await;
        }
        Ok(taken.len())
    }

    /// Tasks that may be claimed now. Where there is no room the next run that ends rings, and until then no moment
    /// matters: what is due is backlog.
    fn room(&self) -> usize {
        if self.capacity().free() == 0 {
            self.wakes().nothing_is_due();
            self.wakes().note(None);
        }
        // Looked at again: a run that ended just before did not know that somebody waits.
        self.capacity().free().min(BATCH)
    }

    /// Runs an owned task. One that can't be read is put aside for a while, so that it stops nobody else.
    pub(super) async fn run_rows(&self, rows: load::Rows, start: Start) -> Result<(), Error> {
        let (id, digest) = (TaskId(rows.0.id), rows.0.digest.clone());
        let task = match self.pinned_template(&digest).await {
            Ok(template) => load::task(rows, template),
            Err(error) => Err(error),
        };
        match task {
            Ok(task) => {
                self.start_run(task, start);
                Ok(())
            }
            Err(error @ Error::Corrupt(_)) => {
                tracing::error!(task = %id, error = &error as &dyn std::error::Error, "the task can't be read; it is tried again in five minutes");
                self.put_aside(id).await;
                for message in start.first {
                    let _ = message.reply.send(Err(Error::Corrupt(error.to_string()).into()));
                }
                Err(error)
            }
            Err(error) => {
                tracing::warn!(task = %id, error = &error as &dyn std::error::Error, "the task could not be read");
                self.wakes().doubt();
                Err(error)
            }
        }
    }

    /// Lets go of an owned task that can't be run as it is; it is tried again later.
    pub(super) async fn put_aside(&self, id: TaskId) {
        let until = self.clock().now().plus(parked::ASIDE);
        match parked::put_aside(self.database(), self.identity().id, id, until).await {
            Ok(()) => self.wakes().note(Some(until)),
            Err(error) => {
                tracing::error!(task = %id, error = &error as &dyn std::error::Error, "the task could not be let go");
                self.wakes().doubt();
            }
        }
        self.wakes().ring();
    }
}
