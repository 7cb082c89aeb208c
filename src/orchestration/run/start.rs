//! Starting what is ready.

use super::{Run, attempt::Attempt};
use crate::{
    data::{self, load, parked},
    model::{
        failure::{Failure, FailureKind},
        id::{StepNo, TaskId},
        outcome::Outcome,
        status::Status,
    },
    orchestration::{
        Engine,
        handler::{Found, sleep_until},
    },
};

impl Run {
    /// Starts every step that is ready. The starts are journalled without being waited for, but for those of
    /// steps that must not run twice and of suspects, which are durable before their handler runs.
    pub(super) async fn start_ready(&mut self) -> Result<(), data::Error> {
        let now = self.now();
        if self.engine.signals().draining.is_cancelled() {
            return Ok(());
        }
        let mut ready = self.task.startable(now);
        if self.task.is_suspect() {
            if self.permit.is_none() || !self.running.is_empty() {
                return Ok(());
            }
            ready.truncate(1);
        }
        if ready.is_empty() {
            return Ok(());
        }
        let durable = ready.iter().any(|&no| self.task.needs_durable_start(no));
        let engine = self.engine.clone();
        let mut begun = Vec::new();
        let mut edit = self.task.edit(now);
        for no in ready {
            let template = edit.task().template.clone();
            match engine.handlers().find(template.step(no)) {
                Found::Worker => edit.await_worker(no),
                Found::Sleep => {
                    edit.start(no);
                    let config = engine.resolve(&template.step(no).handler_config);
                    let outcome = match config.and_then(|config| sleep_until(&config, now)) {
                        Ok(until) => Outcome::Asleep { until },
                        Err(error) => error.into_outcome(),
                    };
                    edit.settle(no, outcome.into(), 0.0);
                }
                Found::Handler(registered) => {
                    edit.start(no);
                    begun.push((no, registered));
                }
            }
        }
        let Some(change) = edit.finish() else { return Ok(()) };
        engine.metrics().steps_started.inc_by(begun.len() as u64);
        // A change that lets go of the task is the last word about it and is waited for.
        if durable || change.row.as_ref().is_some_and(|row| row.released) {
            self.commit(Some(change)).await?;
        } else {
            engine.journal().note(change).await?;
        }
        for (no, registered) in begun {
            self.spawn(Attempt::new(&engine, &self.task, no, registered, &self.board));
        }
        Ok(())
    }

    fn spawn(&mut self, attempt: Attempt) {
        self.cancels.insert(attempt.no(), attempt.cancellation());
        self.running.spawn(attempt.make());
    }
}

impl Engine {
    /// A run that panicked has left its task owned and unattended: it is let go, and tried again later.
    pub(super) async fn put_aside(&self, id: TaskId) {
        tracing::error!(task = %id, "the run of a task panicked; the task is tried again in five minutes");
        let rows = load::rows(self.database(), &[id]).await.unwrap_or_default();
        let own = rows.into_iter().filter(|(row, _)| row.owner == Some(self.identity().id.0));
        for change in own.filter_map(|(row, _)| parked::put_aside(&row, self.clock().now())) {
            if let Err(error) = self.journal().commit(change).await {
                tracing::error!(task = %id, error = &error as &dyn std::error::Error, "the task could not be let go");
            }
        }
        self.wakes().note(Some(self.clock().now().plus(parked::ASIDE)));
        self.wakes().ring();
    }

    /// Runs an owned task from its row once more. Where the database refused what its handlers left, their steps fail.
    pub(super) async fn reload(&self, id: TaskId, refused: Option<String>) {
        let rows = match load::rows(self.database(), &[id]).await {
            Ok(rows) => rows,
            Err(error) => {
                tracing::error!(task = %id, error = &error as &dyn std::error::Error, "the task can't be read again");
                return;
            }
        };
        for rows in rows.into_iter().filter(|(row, _)| row.owner == Some(self.identity().id.0)) {
            let room = self.capacity().squeeze();
            let Some(why) = &refused else {
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                let _ = self.run_rows(rows, room, None).await;
                continue;
            };
            let Ok(template) = self.pinned_template(&rows.0.digest).await else { continue };
            let Ok(mut task) = load::task(rows, template) else { continue };
            let now = self.clock().now();
            let running: Vec<StepNo> = task
                .steps
                .iter()
                .filter(|step| step.status == Status::InProgress)
                .map(|step| step.no)
                .collect();
            let mut edit = task.edit(now);
            for no in running {
                let failure = Failure::new(FailureKind::Permanent, why.clone());
                edit.settle(no, Outcome::Failed { failure, retry_after: None, results: None }.into(), 0.0);
            }
            if let Some(change) = edit.finish()
                && self.journal().commit(change).await.is_ok()
                && !task.status.is_terminal()
                && task.status != Status::Error
            {
                self.start_run(task, room, None);
            }
        }
    }
}
