//! What an operator may ask of a task, and when it is refused.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    edit::{Edit, merge},
    worker::WorkerAnswer,
};
use crate::model::{
    event::EventName,
    id::{StepId, StepNo},
    lease::LeaseToken,
    status::Status,
    time::Timestamp,
    transition::{StepTransition, TaskTransition},
};

/// A wish about a task or one of its steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Nothing of it will be done any more.
    CancelTask,
    /// Failed steps get more attempts; none: as many as the template gives.
    RetryTask {
        /// Attempts to add.
        additional_attempts: Option<u32>,
    },
    /// Declared done; unfinished steps are cancelled.
    ResolveTask,
    /// Other words for people.
    UpdateTask {
        /// Why it exists; none leaves it.
        reason: Option<String>,
        /// For finding it; none leaves them.
        tags: Option<Vec<String>>,
    },
    /// The step and everything behind it will not run.
    CancelStep {
        /// Which step.
        step: StepId,
    },
    /// More attempts; for a step that waits for its retry: now.
    RetryStep {
        /// Which step.
        step: StepId,
        /// Attempts to add.
        additional_attempts: Option<u32>,
    },
    /// Declared done; the results feed its dependents.
    ResolveStep {
        /// Which step.
        step: StepId,
        /// What its dependents see.
        results: Option<Value>,
    },
    /// A worker has claimed the attempt that waits for it.
    LeaseStep {
        /// By this token.
        token: LeaseToken,
        /// What the worker calls itself.
        worker: Arc<str>,
        /// The subject that claimed it.
        holder: Option<Arc<str>>,
        /// How long it lasts without a heartbeat.
        lasts: Duration,
    },
    /// A worker is still at it.
    KeepLease {
        /// Its token.
        token: LeaseToken,
        /// The subject that shows it.
        holder: Option<Arc<str>>,
        /// How long it lasts from now on.
        lasts: Duration,
    },
    /// A worker has answered.
    AnswerStep {
        /// Its token.
        token: LeaseToken,
        /// The subject that shows it.
        holder: Option<Arc<str>>,
        /// What it says.
        answer: Box<WorkerAnswer>,
    },
    /// Another limit or other inputs.
    UpdateStep {
        /// Which step.
        step: StepId,
        /// Attempts it may have in all.
        retry_limit: Option<u32>,
        /// What its handler gets in place of the task's context.
        inputs: Option<Value>,
    },
}

impl Command {
    /// The verb, for metrics and logs.
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::CancelTask => "cancel_task",
            Self::RetryTask { .. } => "retry_task",
            Self::ResolveTask => "resolve_task",
            Self::UpdateTask { .. } => "update_task",
            Self::CancelStep { .. } => "cancel_step",
            Self::RetryStep { .. } => "retry_step",
            Self::ResolveStep { .. } => "resolve_step",
            Self::UpdateStep { .. } => "update_step",
            Self::LeaseStep { .. } => "claim_step",
            Self::KeepLease { .. } => "heartbeat_step",
            Self::AnswerStep { .. } => "answer_step",
        }
    }
}

/// The status forbids the command; nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The task's own status forbids it.
    #[error("the task is {0}")]
    Task(Status),
    /// The step's status forbids it.
    #[error("the step is {0}")]
    Step(Status),
    /// The task has no such step.
    #[error("the task has no such step")]
    UnknownStep,
    /// The attempt is no longer the worker's; the step's status, where it may be told.
    #[error("the lease is not valid: it ran out, was answered, or belongs to somebody else")]
    Lease(Option<Status>),
    /// The answer publishes an event that nobody has declared: the one at this place.
    #[error("the event at {0} is not declared: name it in the template's custom_events")]
    Undeclared(usize),
}

impl Edit<'_> {
    /// Carries out a command, or refuses it and changes nothing. `reason` goes into the record.
    ///
    /// `spread` from -1 to 1 places a next attempt within its jitter.
    pub fn command(&mut self, command: Command, reason: Option<&str>, spread: f64) -> Result<(), Refusal> {
        let note = reason.map_or_else(|| json!({}), |reason| json!({ "reason": reason }));
        match command {
            Command::CancelTask => self.settle_task(TaskTransition::Cancel, note),
            Command::ResolveTask => self.settle_task(TaskTransition::Resolve, note),
            Command::RetryTask { additional_attempts } => self.retry_task(additional_attempts, note),
            Command::UpdateTask { reason: why, tags } => self.update_task(why, tags, note),
            Command::CancelStep { step } => self.cancel_step(self.find(step)?, note),
            Command::RetryStep { step, additional_attempts } => {
                self.retry_step(self.find(step)?, additional_attempts, note)
            }
            Command::ResolveStep { step, results } => self.resolve_step(self.find(step)?, results, note),
            Command::UpdateStep { step, retry_limit, inputs } => {
                self.update_step(self.find(step)?, retry_limit, inputs, note)
            }
            Command::LeaseStep { token, worker, holder, lasts } => self.lease(token, worker, holder, lasts),
            Command::KeepLease { token, holder, lasts } => self.keep_lease(token, holder.as_ref(), lasts),
            Command::AnswerStep { token, holder, answer } => {
                self.answer(token, holder.as_ref(), *answer, spread)
            }
        }
    }

    fn find(&self, step: StepId) -> Result<StepNo, Refusal> {
        self.task.steps.iter().find(|own| own.id == step).map(|own| own.no).ok_or(Refusal::UnknownStep)
    }

    fn settle_task(&mut self, transition: TaskTransition, note: Value) -> Result<(), Refusal> {
        if !transition.leaves(self.task.status) {
            return Err(Refusal::Task(self.task.status));
        }
        for no in (0..).map(StepNo).take(self.task.steps.len()) {
            self.cancel_if_unfinished(no, &note);
        }
        self.move_task(transition, Some(note));
        Ok(())
    }

    fn retry_task(&mut self, additional: Option<u32>, note: Value) -> Result<(), Refusal> {
        if self.task.status != Status::Error {
            return Err(Refusal::Task(self.task.status));
        }
        let failed: Vec<StepNo> =
            self.task.steps.iter().filter(|step| step.status == Status::Error).map(|step| step.no).collect();
        self.move_task(TaskTransition::Resume, Some(note.clone()));
        for no in failed {
            self.grant(no, additional, &note);
        }
        Ok(())
    }

    fn retry_step(&mut self, no: StepNo, additional: Option<u32>, note: Value) -> Result<(), Refusal> {
        self.unfinished_task()?;
        let step = self.task.step(no);
        match step.status {
            Status::Error => {
                self.resume(&note);
                self.grant(no, additional, &note);
            }
            Status::Pending if step.next_attempt_at.is_some_and(|at| at > self.now) => {
                let now: Timestamp = self.now;
                let step = self.touch(no);
                step.next_attempt_at = Some(now);
                step.retry_limit = step.retry_limit.saturating_add(additional.unwrap_or(0));
                self.push(EventName::StepRetryRequested, Some(no), None, note);
            }
            other => return Err(Refusal::Step(other)),
        }
        Ok(())
    }

    fn resolve_step(&mut self, no: StepNo, results: Option<Value>, note: Value) -> Result<(), Refusal> {
        self.unfinished_task()?;
        self.allow(no, StepTransition::Resolve)?;
        self.resume(&note);
        let moved = self.move_step(no, StepTransition::Resolve);
        let step = self.touch(no);
        step.next_attempt_at = None;
        self.withdraw(no);
        self.set_results(no, results);
        self.push(EventName::StepResolvedManually, Some(no), Some(moved), note);
        Ok(())
    }

    fn cancel_step(&mut self, no: StepNo, note: Value) -> Result<(), Refusal> {
        self.unfinished_task()?;
        self.allow(no, StepTransition::Cancel)?;
        self.cancel_if_unfinished(no, &note);
        // Only what can no longer run: a settled step between lets those behind it go on.
        let template = self.task.template.clone();
        let mut open = vec![no];
        while let Some(cancelled) = open.pop() {
            for &behind in template.dag.children(cancelled) {
                if StepTransition::Cancel.leaves(self.task.step(behind).status) {
                    self.cancel_if_unfinished(behind, &note);
                    open.push(behind);
                }
            }
        }
        Ok(())
    }

    fn update_step(
        &mut self,
        no: StepNo,
        retry_limit: Option<u32>,
        inputs: Option<Value>,
        note: Value,
    ) -> Result<(), Refusal> {
        self.unfinished_task()?;
        match self.task.step(no).status {
            Status::Pending | Status::Error => {}
            other => return Err(Refusal::Step(other)),
        }
        let mut changed = Vec::new();
        if let Some(limit) = retry_limit {
            self.touch(no).retry_limit = limit;
            changed.push("retry_limit");
        }
        if let Some(inputs) = inputs {
            self.set_inputs(no, inputs);
            changed.push("inputs");
        }
        let details = merge(note, Some(json!({ "changed": changed })));
        self.push(EventName::StepUpdated, Some(no), None, details);
        Ok(())
    }

    fn update_task(
        &mut self,
        why: Option<String>,
        tags: Option<Vec<String>>,
        note: Value,
    ) -> Result<(), Refusal> {
        if self.task.status == Status::InProgress {
            return Err(Refusal::Task(self.task.status));
        }
        let mut changed = Vec::new();
        let task = self.touch_task();
        if let Some(why) = why {
            task.reason = Some(why);
            changed.push("reason");
        }
        if let Some(tags) = tags {
            task.tags = tags;
            changed.push("tags");
        }
        let details = merge(note, Some(json!({ "changed": changed })));
        self.push(EventName::TaskUpdated, None, None, details);
        Ok(())
    }

    fn grant(&mut self, no: StepNo, additional: Option<u32>, note: &Value) {
        let more = additional.unwrap_or(self.task.template.step(no).retry_limit);
        let moved = self.move_step(no, StepTransition::Retry);
        let step = self.touch(no);
        step.retry_limit = step.counted_attempts().saturating_add(more);
        step.next_attempt_at = None;
        self.push(EventName::StepRetryRequested, Some(no), Some(moved), note.clone());
    }

    fn cancel_if_unfinished(&mut self, no: StepNo, note: &Value) {
        if StepTransition::Cancel.leaves(self.task.step(no).status) {
            let moved = self.move_step(no, StepTransition::Cancel);
            let step = self.touch(no);
            step.next_attempt_at = None;
            self.withdraw(no);
            self.push(EventName::StepCancelled, Some(no), Some(moved), note.clone());
        }
    }

    /// A failed task goes on as soon as one of its steps may.
    fn resume(&mut self, note: &Value) {
        if self.task.status == Status::Error {
            self.move_task(TaskTransition::Resume, Some(note.clone()));
        }
    }

    fn unfinished_task(&self) -> Result<(), Refusal> {
        if self.task.status.is_terminal() { Err(Refusal::Task(self.task.status)) } else { Ok(()) }
    }

    fn allow(&self, no: StepNo, transition: StepTransition) -> Result<(), Refusal> {
        let status = self.task.step(no).status;
        if transition.leaves(status) { Ok(()) } else { Err(Refusal::Step(status)) }
    }
}
