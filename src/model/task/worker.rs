//! Attempts that a worker makes: leased, kept, answered, or lost.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Edit, Refusal};
use crate::model::{
    failure::{Failure, FailureKind},
    id::StepNo,
    lease::{Lease, LeaseToken, RemoteState},
    outcome::{Answer, Outcome, Published, ReleaseReason},
    status::Status,
    template::digest,
    time::Timestamp,
};

/// What a worker says about its attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkerAnswer {
    /// How it ended.
    pub outcome: WorkerOutcome,
    /// Declared custom events, in order.
    pub events: Vec<(Arc<str>, Value)>,
}

/// How a worker's attempt ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkerOutcome {
    /// It is done.
    Completed {
        /// What it leaves for its dependents.
        results: Value,
    },
    /// It failed.
    Failed {
        /// Why.
        failure: Failure,
        /// The wait that was asked for.
        retry_after: Option<Duration>,
        /// What it leaves in spite of its failure.
        results: Option<Value>,
    },
}

impl WorkerAnswer {
    /// The same for the same answer, whenever it is given.
    pub fn digest(&self) -> Arc<str> {
        digest(&json!(self))
    }
}

impl From<WorkerAnswer> for Answer {
    fn from(WorkerAnswer { outcome, events }: WorkerAnswer) -> Self {
        let outcome = match outcome {
            WorkerOutcome::Completed { results } => Outcome::Completed { results },
            WorkerOutcome::Failed { failure, retry_after, results } => {
                Outcome::Failed { failure, retry_after, results }
            }
        };
        Self { outcome, published: Published { custom: events, completed: None } }
    }
}

impl Edit<'_> {
    /// The attempt that waits for a worker has got one.
    pub(super) fn lease(
        &mut self,
        token: LeaseToken,
        worker: Arc<str>,
        holder: Option<Arc<str>>,
        lasts: Duration,
    ) -> Result<(), Refusal> {
        let no = token.no;
        let step = self.task.steps.get(no.index()).ok_or(Refusal::UnknownStep)?;
        let waits = step.awaiting_since.is_some() && step.attempts + 1 == token.attempt;
        if step.status != Status::Pending || !waits || self.task.is_overdue(self.now) {
            return Err(Refusal::Lease(Some(step.status)));
        }
        let attempt_ends = self.now.plus(self.task.template.step(no).timeout);
        let deadline_at = self.task.deadline().map_or(attempt_ends, |at| at.min(attempt_ends));
        let expires_at = self.now.plus(lasts).min(deadline_at);
        let lease = Lease { token, worker, holder, expires_at, deadline_at };
        self.touch(no).lease = Some(Box::new(lease.clone()));
        self.start(no);
        self.note_remote(no, token.attempt, RemoteState::Leased, Some(lease));
        Ok(())
    }

    /// The worker is heard of: its lease lasts on, though never beyond the attempt's own limit.
    pub(super) fn keep_lease(&mut self, token: LeaseToken, lasts: Duration) -> Result<(), Refusal> {
        let lease = self.task.steps.get(token.no.index()).and_then(|step| step.lease.as_deref());
        let mut lease = lease.ok_or(Refusal::Lease(None))?.clone();
        lease.expires_at = self.now.plus(lasts).min(lease.deadline_at);
        self.task.steps[token.no.index()].lease = Some(Box::new(lease.clone()));
        self.note_remote(token.no, token.attempt, RemoteState::Leased, Some(lease));
        Ok(())
    }

    /// The worker has answered, once.
    pub(super) fn answer(
        &mut self,
        token: LeaseToken,
        answer: WorkerAnswer,
        spread: f64,
    ) -> Result<(), Refusal> {
        let no = token.no;
        if let Some(place) = answer.events.iter().position(|(name, _)| !self.is_declared(no, name)) {
            return Err(Refusal::Undeclared(place));
        }
        let said = RemoteState::Answered(answer.digest());
        self.settle(no, answer.into(), spread);
        // Said last, over what the end of the lease says.
        self.note_remote(no, token.attempt, said, None);
        Ok(())
    }

    /// Leases that have run out are given back, and attempts that took too long have failed. Answers with how these
    /// attempts ended.
    ///
    /// A step that loses one worker after the other stops after `max_lost`.
    pub fn expire_leases(&mut self, max_lost: u32, spread: f64) -> Vec<(StepNo, Outcome)> {
        let over = |lease: &&Lease| lease.expires_at.min(lease.deadline_at) <= self.now;
        let over: Vec<(StepNo, Timestamp)> =
            self.task.leases().filter(over).map(|lease| (lease.token.no, lease.deadline_at)).collect();
        let mut ended = Vec::with_capacity(over.len());
        for (no, deadline_at) in over {
            if deadline_at > self.now {
                ended.push((no, self.lose(no, max_lost)));
                continue;
            }
            let limit = humantime::format_duration(self.task.template.step(no).timeout);
            let message = format!("the attempt took longer than its limit of {limit}");
            let failure = Failure::new(FailureKind::Timeout, message);
            let outcome = Outcome::Failed { failure, retry_after: None, results: None };
            self.settle(no, outcome.clone().into(), spread);
            ended.push((no, outcome));
        }
        ended
    }

    /// The attempt's worker is gone: it is given back, unless that has happened too often.
    fn lose(&mut self, no: StepNo, max_lost: u32) -> Outcome {
        let lost = self.task.step(no).released;
        if lost < max_lost {
            self.release(no, ReleaseReason::WorkerLost);
            return Outcome::Released(ReleaseReason::WorkerLost);
        }
        let message = format!(
            "the step was given back {lost} times, and its worker has vanished again; look for a crash or memory exhaustion in its handler, then retry the step"
        );
        let failure = Failure::new(FailureKind::Lost, message);
        self.fail_step(no, failure.clone());
        Outcome::Failed { failure, retry_after: None, results: None }
    }

    /// No worker is to claim the step any more: it begins, ends, or somebody here can run it after all.
    pub fn withdraw(&mut self, no: StepNo) {
        if self.task.step(no).awaiting_since.is_some() {
            let step = self.touch(no);
            step.awaiting_since = None;
            let attempt = step.attempts + 1;
            self.note_remote(no, attempt, RemoteState::Void, None);
        }
    }

    /// The attempt is over, whoever says so.
    pub(super) fn end_lease(&mut self, no: StepNo) {
        if let Some(lease) = self.touch(no).lease.take() {
            self.note_remote(no, lease.token.attempt, RemoteState::Void, None);
        }
    }

    /// The lease is the holder's, and had not run out at that moment.
    pub(super) fn held(
        &self,
        token: LeaseToken,
        holder: Option<&Arc<str>>,
        at: Timestamp,
    ) -> Result<(), Refusal> {
        let step = self.task.steps.get(token.no.index()).ok_or(Refusal::Lease(None))?;
        match &step.lease {
            Some(lease) if lease.token == token && lease.holder.as_ref() == holder => {
                // It may have run out with nobody having looked yet; the attempt's own limit is looked at now.
                let in_time = lease.expires_at > at && lease.deadline_at > self.now;
                if in_time { Ok(()) } else { Err(Refusal::Lease(Some(step.status))) }
            }
            None if step.attempts == token.attempt => Err(Refusal::Lease(Some(step.status))),
            Some(_) | None => Err(Refusal::Lease(None)),
        }
    }

    fn is_declared(&self, no: StepNo, name: &str) -> bool {
        let template = &self.task.template;
        let mut declared = template.step(no).custom_events.iter().chain(&template.custom_events);
        declared.any(|event| event.name == name)
    }
}
