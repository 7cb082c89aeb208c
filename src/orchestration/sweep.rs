//! What is looked after now and then, because nobody rings for it: tasks of dead nodes, steps that another node's
//! program left to a worker, tasks of this node that nobody attends to.

use std::{collections::HashSet, time::Duration};

use tokio::time::{MissedTickBehavior, interval, sleep};

use super::{Engine, claim::BATCH, run::Start};
use crate::{
    data::{Error, Kind, load, node, parked},
    model::{id::TaskId, time::Timestamp},
};

/// On SQLite nobody else dies or leaves anything.
const ALONE: Duration = Duration::from_secs(10);

/// A run that is about to begin, or a task that is about to be let go, is no longer in between after this.
const SETTLED: Duration = Duration::from_millis(100);

impl Engine {
    pub(super) fn keep_sweeping(&self) {
        let engine = self.clone();
        tokio::spawn(async move { engine.signals().draining.run_until_cancelled(engine.sweep_loop()).await });
    }

    async fn sweep_loop(&self) {
        let fleet = self.database().kind() == Kind::Postgres;
        // One for all turns, so that a busy node sweeps as often as an idle one.
        let mut turns = interval(if fleet { self.settings().lease_ttl / 3 } else { ALONE });
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        turns.reset();
        let mut looked = self.clock().now();
        loop {
            let turn = tokio::select! {
                () = self.wakes().doubted() => false,
                _ = turns.tick() => true,
            };
            let _claiming = self.signals().claiming.one();
            if turn && fleet {
                self.sweep(&mut looked).await;
            }
            self.left().look();
            if let Err(error) = self.heal().await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "this node's tasks could not be looked at"
                );
                sleep(SETTLED * 2).await;
                self.wakes().doubt();
            }
        }
    }

    /// Tasks of nodes whose lease ran out are free, and other nodes may have left some. `looked`: when steps that
    /// nobody knew were looked at last.
    async fn sweep(&self, looked: &mut Timestamp) {
        match node::take_over(self.database(), Some(self.identity().id)).await {
            Ok(taken) => drop(self.metrics().recoveries.inc_by(taken)),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "dead nodes could not be looked for")
            }
        }
        let now = self.clock().now();
        match self.wake_known(Some(*looked)).await {
            Ok(()) => *looked = now,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "waiting steps could not be looked for"
                )
            }
        }
        self.wakes().note(None);
        self.wakes().ring();
    }

    /// Runs what belongs to this node and is not attended to, however that came about.
    async fn heal(&self) -> Result<(), Error> {
        let before: HashSet<TaskId> = self.unattended().await?.into_iter().collect();
        if before.is_empty() {
            return Ok(());
        }
        sleep(SETTLED).await;
        let unrecovered = self.runs().unrecovered().await;
        let mut unattended = self.unattended().await?;
        unattended.retain(|task| before.contains(task));
        for tasks in unattended.chunks(BATCH) {
            for rows in load::rows(self.database(), tasks).await? {
                let id = TaskId(rows.0.id);
                if self.owns(&rows) && self.runs().inbox(id).is_none() {
                    tracing::warn!(task = %id, "the task belongs to this node and did not run");
                    let start = Start {
                        unrecovered: Some(unrecovered.clone()),
                        ..Start::new(self.capacity().squeeze())
                    };
                    let _ = self.run_rows(rows, start).await;
                }
            }
        }
        Ok(())
    }

    async fn unattended(&self) -> Result<Vec<TaskId>, Error> {
        // Without a lease nothing is this node's.
        if self.is_fenced() {
            return Ok(Vec::new());
        }
        let mut own = parked::owned(self.database(), self.identity().id).await?;
        own.retain(|&task| self.runs().inbox(task).is_none());
        Ok(own)
    }

    /// Whether the row names this node as the owner.
    pub(super) fn owns(&self, (row, _): &load::Rows) -> bool {
        row.owner == Some(self.identity().id.0)
    }
}
