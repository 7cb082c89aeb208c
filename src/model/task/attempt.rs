//! The life of an attempt: it starts, it ends, and what follows is decided here.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    Task,
    edit::{Edit, as_object, merge},
};
use crate::model::{
    event::EventName,
    failure::{Failure, FailureKind},
    id::StepNo,
    lease::RemoteState,
    outcome::{Answer, Outcome, Published, ReleaseReason},
    status::Status,
    time::Timestamp,
    transition::{StepTransition, TaskTransition},
};

impl Edit<'_> {
    /// An attempt begins.
    pub fn start(&mut self, no: StepNo) {
        if self.task.status == Status::Pending {
            self.move_task(TaskTransition::Start, None);
        }
        let moved = self.move_step(no, StepTransition::Start);
        let now = self.now;
        let step = self.touch(no);
        step.attempts += 1;
        step.started_at = Some(now);
        step.next_attempt_at = None;
        let mut details = json!({ "retry_limit": step.retry_limit });
        if let Some(lease) = &step.lease {
            details["worker"] = json!(&*lease.worker);
        }
        self.push(EventName::StepStarted, Some(no), Some(moved), details);
    }

    /// Nobody here can run the step: it is left to a worker, visibly.
    pub fn await_worker(&mut self, no: StepNo) {
        if self.task.status == Status::Pending {
            self.move_task(TaskTransition::Start, None);
        }
        let now = self.now;
        let step = self.touch(no);
        step.awaiting_since = Some(now);
        let attempt = step.attempts + 1;
        self.note_remote(no, attempt, RemoteState::Open, None);
        let handler_class = self.task.template.step(no).handler_class.clone();
        self.push(EventName::StepAwaitingWorker, Some(no), None, json!({ "handler_class": handler_class }));
    }

    /// An attempt ended. `spread` from -1 to 1 places the next one within the jitter.
    ///
    /// A late answer changes nothing: the step was cancelled, or its attempt was given back.
    pub fn settle(&mut self, no: StepNo, answer: Answer, spread: f64) {
        if self.task.step(no).status != Status::InProgress {
            return;
        }
        match answer.outcome {
            Outcome::Completed { results } => self.complete(no, results, answer.published),
            Outcome::Failed { failure, retry_after, results } => {
                self.publish(no, answer.published.custom);
                self.set_results(no, results);
                self.fail_attempt(no, failure, retry_after, spread);
            }
            Outcome::Asleep { until } => self.touch(no).next_attempt_at = Some(until),
            Outcome::Released(reason) => self.release(no, reason),
            Outcome::CircuitOpen { until } => self.give_back(no, ReleaseReason::CircuitOpen, Some(until)),
        }
    }

    /// A sleeper's time has come.
    pub fn wake(&mut self, no: StepNo) {
        let until = self.task.step(no).next_attempt_at;
        self.touch(no).next_attempt_at = None;
        let results = json!({ "slept_until": until.map(|at| at.to_rfc3339()) });
        self.complete(no, results, Published::default());
    }

    /// Gives an attempt back. What must not run twice goes to error instead.
    pub fn release(&mut self, no: StepNo, reason: ReleaseReason) {
        if !self.task.template.step(no).retryable {
            let message =
                "the attempt was lost and the step is not retryable: whether it had its effect is unknown";
            return self.fail_step(no, Failure::new(FailureKind::Lost, message));
        }
        self.give_back(no, reason, None);
    }

    /// What was lost may run again, or nothing was done at all.
    fn give_back(&mut self, no: StepNo, reason: ReleaseReason, until: Option<Timestamp>) {
        let moved = self.move_step(no, StepTransition::Release);
        let step = self.touch(no);
        step.released += 1;
        step.next_attempt_at = until;
        let mut details = json!({ "reason": reason.as_str() });
        if let Some(until) = until {
            details["next_attempt_at"] = json!(until.to_rfc3339());
        }
        self.push(EventName::StepReleased, Some(no), Some(moved), details);
    }

    fn complete(&mut self, no: StepNo, results: Value, published: Published) {
        self.publish(no, published.custom);
        let timed = self.timed(no);
        let moved = self.move_step(no, StepTransition::Complete);
        self.set_results(no, Some(results));
        self.set_error(no, None);
        if self.task.recoveries > 0 {
            self.touch_task().recoveries = 0;
        }
        // What the handler adds takes nothing's place.
        let details = match published.completed {
            Some(added) => merge(as_object(added), Some(timed)),
            None => timed,
        };
        self.push(EventName::StepCompleted, Some(no), Some(moved), details);
    }

    fn fail_attempt(&mut self, no: StepNo, failure: Failure, server: Option<Duration>, spread: f64) {
        let template = self.task.template.step(no);
        let again = failure.kind.may_retry() && template.retryable && self.task.step(no).has_attempts_left();
        if !again {
            return self.fail_step(no, failure);
        }
        let wait = template.backoff.delay(self.task.step(no).counted_attempts(), server, spread);
        let due = self.now.plus(wait);
        let details = self.failure_details(no, &failure);
        let moved = self.move_step(no, StepTransition::Postpone);
        self.set_error(no, Some(failure));
        let step = self.touch(no);
        step.next_attempt_at = Some(due);
        step.backoff_seconds = Some(wait.as_secs_f64());
        let attempts = step.attempts;
        self.push(EventName::StepFailed, Some(no), Some(moved), details);
        let details = json!({
            "backoff_seconds": wait.as_secs_f64(),
            "backoff_type": if server.is_some() { "server_requested" } else { "exponential" },
            "next_attempt_at": due.to_rfc3339(),
            "previous_attempts": attempts,
        });
        self.push(EventName::StepRetryScheduled, Some(no), None, details);
    }

    /// The step rests in error: its failure is final, or it was the last attempt.
    pub(super) fn fail_step(&mut self, no: StepNo, failure: Failure) {
        let details = self.failure_details(no, &failure);
        let exhausted = failure.kind.may_retry();
        let moved = self.move_step(no, StepTransition::Fail);
        self.touch(no).next_attempt_at = None;
        self.set_error(no, Some(failure));
        self.push(EventName::StepFailed, Some(no), Some(moved), details.clone());
        if exhausted {
            let limit = json!({ "retry_limit": self.task.step(no).retry_limit });
            self.push(EventName::StepMaxRetriesReached, Some(no), None, merge(details, Some(limit)));
        }
    }

    fn failure_details(&self, no: StepNo, failure: &Failure) -> Value {
        let mut details = self.timed(no);
        details["error_message"] = json!(failure.message);
        details["exception_class"] = json!(failure.kind.as_str());
        if let Some(code) = &failure.code {
            details["error_code"] = json!(code);
        }
        details
    }

    fn publish(&mut self, no: StepNo, custom: Vec<(std::sync::Arc<str>, Value)>) {
        for (name, payload) in custom {
            self.push(EventName::Custom(name), Some(no), None, as_object(payload));
        }
    }

    /// How long the attempt has taken; nothing where none is running.
    fn timed(&self, no: StepNo) -> Value {
        let step = self.task.step(no);
        match step.started_at.filter(|_| step.status == Status::InProgress) {
            Some(began) => json!({ "execution_duration": self.now.since(began).as_secs_f64() }),
            None => json!({}),
        }
    }
}

impl Task {
    /// Whether the start of `no` must be durable before its handler runs.
    pub fn needs_durable_start(&self, no: StepNo) -> bool {
        !self.template.step(no).retryable || self.is_suspect()
    }

    /// It was running when its node died, more than once and without progress: its steps run one at a time.
    pub const fn is_suspect(&self) -> bool {
        self.recoveries >= 2
    }
}
