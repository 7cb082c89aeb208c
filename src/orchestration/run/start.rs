//! Starting what is ready.

use super::{Run, Start, attempt::Attempt, leaving::Working};
use crate::{
    data::{self, load},
    model::{
        change::Change,
        failure::{Failure, FailureKind},
        id::{StepNo, TaskId},
        outcome::Outcome,
        status::Status,
        step::Step,
        task::Task,
        time::Timestamp,
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
        if self.engine.signals().draining.is_cancelled() || self.task.is_overdue(now) {
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
        if self.task.is_suspect() {
            // What was interrupted when the last node died must not look as if it ran when this one does.
            self.engine.runs().all_recovered().await;
        }
        self.engine.tell_viable(&self.task, &ready);
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
                Found::Api(class) => {
                    edit.start(no);
                    begun.push((no, engine.api_step(class)));
                }
            }
        }
        let Some(change) = edit.finish() else { return Ok(()) };
        // A change that lets go of the task is the last word about it and is waited for.
        if durable || change.row.as_ref().is_some_and(|row| row.released) {
            self.commit(Some(change)).await?;
        } else {
            engine.journal().note(change).await?;
        }
        for (no, registered) in begun {
            self.spawn(
                Attempt::new(&engine, &self.task, no, registered, &self.board)
                    .traced(&self.task, self.trace.as_ref()),
            );
        }
        Ok(())
    }

    fn spawn(&mut self, attempt: Attempt) {
        let (no, cancel) = (attempt.no(), attempt.cancellation());
        let limit = self.now().plus(self.task.template.step(no).timeout);
        let abort = self.running.spawn(attempt.make());
        self.working.insert(no, Working { cancel, abort, limit, overdue: None });
    }
}

impl Engine {
    /// Runs an owned task from its row once more. Where the database refused what its handlers left, their steps fail.
    pub(super) async fn reload(&self, id: TaskId, refused: Option<String>) {
        if let Err(error) = self.run_again(id, refused).await {
            tracing::error!(task = %id, error = &error as &dyn std::error::Error, "the task does not run again yet");
            self.wakes().doubt();
        }
    }

    async fn run_again(&self, id: TaskId, refused: Option<String>) -> Result<(), data::Error> {
        if refused.is_none() {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        let unrecovered = Some(self.runs().unrecovered().await);
        let rows = load::rows(self.database(), &[id]).await?;
        let Some(rows) = rows.into_iter().find(|rows| self.owns(rows)) else { return Ok(()) };
        let start = Start { unrecovered, ..Start::new(self.capacity().squeeze()) };
        let Some(why) = refused else { return self.run_rows(rows, start).await };
        let template = self.pinned_template(&rows.0.digest).await?;
        let mut task = load::task(rows, template)?;
        if let Some(change) = fail_running(&mut task, &why, self.clock().now()) {
            self.journal().commit(change).await?;
        }
        if !task.status.rests() {
            self.start_run(task, start);
        }
        Ok(())
    }
}

fn fail_running(task: &mut Task, why: &str, now: Timestamp) -> Option<Change> {
    let is_here = |step: &&Step| step.status == Status::InProgress && !step.is_held_elsewhere();
    let running = task.steps.iter().filter(is_here);
    let running: Vec<StepNo> = running.map(|step| step.no).collect();
    let mut edit = task.edit(now);
    for no in running {
        let failure = Failure::new(FailureKind::Permanent, why);
        edit.settle(no, Outcome::Failed { failure, retry_after: None, results: None }.into(), 0.0);
    }
    edit.finish()
}
