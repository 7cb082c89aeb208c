//! A task as its owner holds it in memory.
//!
//! Everything that changes it goes through an [`Edit`], which records what the journal must write.

mod attempt;
mod command;
mod deadline;
mod edit;
mod recovery;
mod worker;

pub use command::{Command, Refusal};
pub use edit::Edit;
pub use worker::{WorkerAnswer, WorkerOutcome};

use std::sync::Arc;

use serde_json::Value;

use super::{
    event::EventTask,
    id::{StepNo, TaskId},
    lease::Lease,
    status::Status,
    step::Step,
    tally::{Tally, dependencies_satisfied},
    template::Template,
    time::Timestamp,
    trace::TraceContext,
};

/// One run of a template.
#[derive(Debug, Clone)]
pub struct Task {
    /// Which task, and what its events call it.
    pub about: EventTask,
    /// The exact template it was created with.
    pub template: Arc<Template>,
    /// Where it is.
    pub status: Status,
    /// Its input.
    pub context: Arc<Value>,
    /// Why it exists, for people.
    pub reason: Option<String>,
    /// For finding it.
    pub tags: Vec<String>,
    /// Workers are given the higher ones first.
    pub priority: i32,
    /// The request that created it; its log lines and events carry it.
    pub request_id: Option<Arc<str>>,
    /// The span that asked for it.
    pub trace: Option<TraceContext>,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When its row last changed visibly.
    pub updated_at: Timestamp,
    /// When its first step started.
    pub started_at: Option<Timestamp>,
    /// When it was settled.
    pub completed_at: Option<Timestamp>,
    /// When it is too late.
    pub deadline_at: Option<Timestamp>,
    /// No step starts before this.
    pub not_before: Option<Timestamp>,
    /// Times it was taken over without progress since.
    pub recoveries: u32,
    /// In template order.
    pub steps: Vec<Step>,
}

impl Task {
    /// Which task.
    pub const fn id(&self) -> TaskId {
        self.about.id
    }

    /// The step at `no`.
    pub fn step(&self, no: StepNo) -> &Step {
        &self.steps[no.index()]
    }

    /// Its steps, counted.
    pub fn tally(&self, now: Timestamp) -> Tally {
        Tally::of(&self.template.dag, &self.steps, self.not_before, now)
    }

    /// Changes it; nothing is lost between the change and [`Edit::finish`].
    pub fn edit(&mut self, now: Timestamp) -> Edit<'_> {
        Edit::new(self, now)
    }

    /// The steps that may start now, in template order.
    pub fn startable(&self, now: Timestamp) -> Vec<StepNo> {
        if !self.may_start(now) {
            return Vec::new();
        }
        let open =
            self.open().filter(|step| step.is_due(now) && step.awaiting_since.is_none()).map(|step| step.no);
        if self.template.concurrent {
            open.collect()
        } else if self
            .steps
            .iter()
            .any(|step| step.status == Status::InProgress || step.awaiting_since.is_some())
        {
            Vec::new()
        } else {
            open.take(1).collect()
        }
    }

    /// The next moment at which something happens by itself: a retry, a sleeper, the first start, the task's limit.
    pub fn next_wake(&self, now: Timestamp) -> Option<Timestamp> {
        if self.status.rests() {
            return None;
        }
        let delayed = self.not_before.filter(|&at| at > now);
        let retries = self.open().filter_map(|step| step.next_attempt_at).filter(|&at| at > now);
        let sleepers =
            self.steps.iter().filter(|step| step.is_asleep()).filter_map(|step| step.next_attempt_at);
        let work = match delayed {
            Some(at) => Some(at),
            None => retries.chain(sleepers).min(),
        };
        let leases = self.leases().map(|lease| lease.expires_at.min(lease.deadline_at));
        work.into_iter().chain(leases).chain(self.deadline()).min()
    }

    /// Sleepers whose time has come.
    pub fn awake(&self, now: Timestamp) -> Vec<StepNo> {
        let due = |step: &&Step| step.is_asleep() && step.next_attempt_at.is_some_and(|at| at <= now);
        self.steps.iter().filter(due).map(|step| step.no).collect()
    }

    /// Those of workers that are at it.
    pub fn leases(&self) -> impl Iterator<Item = &Lease> {
        self.steps.iter().filter_map(|step| step.lease.as_deref())
    }

    fn may_start(&self, now: Timestamp) -> bool {
        matches!(self.status, Status::Pending | Status::InProgress)
            && self.not_before.is_none_or(|at| at <= now)
    }

    /// Pending steps whose dependencies are settled.
    fn open(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| {
            step.status == Status::Pending && dependencies_satisfied(&self.template.dag, &self.steps, step.no)
        })
    }
}

#[cfg(test)]
mod tests;
