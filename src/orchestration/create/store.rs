//! Storing new tasks, and starting those that there is room for.

use std::collections::BTreeMap;

use super::{Created, Prepared};
use crate::{
    data::{
        self,
        load::{self, Rows},
    },
    model::{audit::AuditRecord, change::NewTask, event::EventTask, time::Timestamp},
    orchestration::{Caller, Engine, capacity::Room, run::Start},
};

/// What is to be stored, in one change.
#[derive(Default)]
struct Stock {
    new: Vec<NewTask>,
    /// Those that this node owns from the start.
    starts: Vec<(Rows, Room)>,
    /// When those that it leaves to the claimer are due.
    free: Vec<Option<Timestamp>>,
}

impl Stock {
    /// What the audit log says of it: one record for each namespace, about the task where there is one.
    fn records(&self, caller: &Caller, now: Timestamp) -> Vec<AuditRecord> {
        let mut by_namespace: BTreeMap<&str, Vec<&NewTask>> = BTreeMap::new();
        self.new.iter().for_each(|task| by_namespace.entry(&task.namespace).or_default().push(task));
        let record = |(namespace, tasks): (&str, Vec<&NewTask>)| {
            let record = caller.record(now)?.within(namespace);
            Some(match tasks[..] {
                [task] => record.about(task.id),
                _ => record,
            })
        };
        by_namespace.into_iter().filter_map(record).collect()
    }
}

impl Engine {
    /// Stores what is new, in one change, and starts what there is room for.
    pub(super) async fn store(
        &self,
        caller: &Caller,
        prepared: Vec<Prepared>,
        dry: &[bool],
    ) -> Result<Vec<Created>, data::Error> {
        let mut answers = Vec::with_capacity(prepared.len());
        let mut stock = Stock::default();
        for (one, &dry) in prepared.into_iter().zip(dry) {
            answers.push(match one {
                Prepared::Existing(rows) => Created { task: rows.0, steps: None, existed: true },
                Prepared::New(task) if dry => {
                    let (task, steps) = load::created(&task, None)?;
                    Created { task, steps: Some(steps), existed: false }
                }
                Prepared::New(task) => {
                    let task = self.take_in(*task, &mut stock)?;
                    Created { task, steps: None, existed: false }
                }
            });
        }
        if !stock.new.is_empty() {
            // Who asked may stop waiting; what this node has stored as its own it runs all the same.
            let engine = self.clone();
            let records = stock.records(caller, self.clock().now());
            let stored = self.work().spawn(async move { engine.store_and_start(stock, records).await });
            stored.await.unwrap_or(Err(data::Error::Stopped))?;
        }
        Ok(answers)
    }

    fn take_in(
        &self,
        mut task: NewTask,
        stock: &mut Stock,
    ) -> Result<data::entity::task::Model, data::Error> {
        let at_once = task.wake_at.is_none() && !self.wakes().has_backlog();
        let room = at_once.then(|| self.capacity().take()).flatten();
        task.owned = room.is_some();
        let rows = load::created(&task, room.as_ref().map(|_| self.identity().id))?;
        let row = rows.0.clone();
        match room {
            Some(room) => stock.starts.push((rows, room)),
            None => stock.free.push(task.wake_at),
        }
        stock.new.push(task);
        Ok(row)
    }

    /// What this process is told when they are stored; nothing while nobody listens.
    fn to_tell(&self, stock: &Stock) -> Vec<(EventTask, Option<Timestamp>)> {
        let listeners = self.local().is_heard();
        let new = stock.new.iter().filter(|_| listeners);
        // A task's first event says what it is called.
        new.filter_map(|task| Some((task.events.first()?.task.clone(), task.wake_at))).collect()
    }

    async fn store_and_start(&self, stock: Stock, records: Vec<AuditRecord>) -> Result<(), data::Error> {
        let told = self.to_tell(&stock);
        let asked = stock.new.first().and_then(|task| task.trace.as_ref());
        let span = self.trace_commit(asked);
        self.journal().create(stock.new, records).await?;
        if let Some(span) = span {
            span.end(self.clock().now());
        }
        told.into_iter().for_each(|(task, wake_at)| self.tell_created(task, wake_at));
        // Noted only now: a claimer that looked before the commit would have found nothing and forgotten it.
        stock.free.into_iter().for_each(|wake_at| self.wakes().note(wake_at));
        self.wakes().ring();
        for (rows, room) in stock.starts {
            let _ = self.run_rows(rows, Start::new(room)).await;
        }
        Ok(())
    }
}
