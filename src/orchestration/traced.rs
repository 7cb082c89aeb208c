//! What traces say of tasks, attempts and commits.
//!
//! A task's span is made when the task rests: until then nobody has to hold it. Its attempts are its children all the
//! same, whichever node makes them, because its identifier follows from the task's.

use opentelemetry::Context;

use super::{Clock, Engine};
use crate::{
    data::Kind,
    model::{
        failure::Failure,
        id::StepNo,
        outcome::{Outcome, ReleaseReason},
        status::Status,
        step::Step,
        task::Task,
        time::Timestamp,
        trace::TraceContext,
    },
    telemetry::{Beginning, Span, SpanKind},
};

/// Of a message, for people, this much.
const MESSAGE: usize = 500;

/// Which attempt.
pub(super) struct Which<'a> {
    pub(super) task: &'a Task,
    pub(super) no: StepNo,
    pub(super) attempt: u32,
    pub(super) began: Timestamp,
}

/// An attempt's span. One that is dropped was given back.
pub(super) struct Attempted {
    span: Option<Span>,
    clock: Clock,
}

impl Attempted {
    /// Where it belongs.
    pub(super) fn place(&self) -> Option<&TraceContext> {
        self.span.as_ref().map(Span::place)
    }

    /// For the handler's code to run within.
    pub(super) fn context(&self) -> Option<&Context> {
        self.span.as_ref().map(Span::context)
    }

    /// It has ended, and this is how.
    pub(super) fn end(mut self, outcome: &Outcome) {
        if let Some(span) = self.span.take() {
            match outcome {
                Outcome::Completed { .. } | Outcome::Asleep { .. } => span.say("tasker.outcome", "complete"),
                Outcome::Released(reason) => released(&span, reason.as_str()),
                Outcome::CircuitOpen { .. } => released(&span, ReleaseReason::CircuitOpen.as_str()),
                Outcome::Failed { failure, .. } => failed(&span, failure),
            }
            span.end(self.clock.now());
        }
    }
}

impl Drop for Attempted {
    fn drop(&mut self) {
        if let Some(span) = self.span.take() {
            released(&span, "cancelled");
            span.end(self.clock.now());
        }
    }
}

fn released(span: &Span, why: &'static str) {
    span.say("tasker.outcome", "released");
    span.say("tasker.released", why);
}

fn failed(span: &Span, failure: &Failure) {
    span.say("tasker.outcome", "failed");
    if let Some(code) = &failure.code {
        span.say("tasker.error.code", code.clone());
    }
    span.fail(failure.kind.as_str(), failure.message.chars().take(MESSAGE).collect::<String>());
}

impl Engine {
    /// An attempt begins; `place` is its task's.
    pub(super) fn trace_attempt(&self, place: Option<&TraceContext>, which: Which<'_>) -> Attempted {
        let clock = self.clock().clone();
        let Some(place) = place else { return Attempted { span: None, clock } };
        let Which { task, no, attempt, began } = which;
        let template = task.template.step(no);
        let own = place.of_attempt(task.step(no).id, attempt);
        let span = self.tracer().begin(Beginning {
            own: Some(&own),
            ..Beginning::new(format!("step {}", template.name), Some(place), began)
        });
        if let Some(span) = span.as_ref().filter(|span| span.is_recorded()) {
            about(span, task);
            span.say("tasker.step.id", task.step(no).id.to_string());
            span.say("tasker.step.name", template.name.clone());
            span.say("tasker.step.attempt", i64::from(attempt));
            span.say("tasker.step.handler_class", template.handler_class.clone());
        }
        Attempted { span, clock }
    }

    /// An attempt that nobody held while it lasted: a sleeper has woken, or its node is gone.
    pub(super) fn trace_unheld(
        &self,
        place: Option<&TraceContext>,
        task: &Task,
        no: StepNo,
        outcome: &Outcome,
    ) {
        let step: &Step = task.step(no);
        let began = step.started_at.unwrap_or(task.created_at);
        self.trace_attempt(place, Which { task, no, attempt: step.attempts, began }).end(outcome);
    }

    /// A commit begins that somebody waits for.
    pub(super) fn trace_commit(&self, place: Option<&TraceContext>) -> Option<Span> {
        let place = place.filter(|place| place.is_sampled())?;
        let beginning = Beginning::new("journal commit", Some(place), self.clock().now());
        let span = self.tracer().begin(Beginning { kind: SpanKind::Client, ..beginning })?;
        span.say(
            "db.system.name",
            match self.database().kind() {
                Kind::Sqlite => "sqlite",
                Kind::Postgres => "postgresql",
            },
        );
        Some(span)
    }

    /// A task has come to rest. Where it had rested in `error` before, this is a span of what came after that.
    pub(super) fn trace_rest(&self, place: Option<&TraceContext>, task: &Task, resumed: Option<Timestamp>) {
        let Some(place) = place.filter(|place| place.is_sampled()) else { return };
        let name = format!("task {}", task.about.name);
        let beginning = match resumed {
            None => {
                Beginning { own: Some(place), ..Beginning::new(name, task.trace.as_ref(), task.created_at) }
            }
            Some(at) => Beginning::new(name, Some(place), at),
        };
        let Some(span) = self.tracer().begin(beginning) else { return };
        about(&span, task);
        span.say("tasker.task.version", task.template.version.to_string());
        span.say("tasker.task.status", task.status.as_str());
        span.say("tasker.task.steps", i64::try_from(task.steps.len()).unwrap_or(i64::MAX));
        if resumed.is_some() {
            span.say("tasker.task.resumed", true);
        }
        if let Some(request) = &task.request_id {
            span.say("tasker.request_id", request.to_string());
        }
        if task.status == Status::Error {
            let failures = task.steps.iter().filter(|step| step.status == Status::Error);
            let last = failures.max_by_key(|step| step.completed_at).and_then(|step| step.error.as_ref());
            match last {
                Some(failure) => failed(&span, failure),
                None => span.fail("error", ""),
            }
        }
        span.end(task.completed_at.unwrap_or(task.updated_at));
    }
}

fn about(span: &Span, task: &Task) {
    span.say("tasker.task.id", task.id().to_string());
    span.say("tasker.task.name", task.about.name.to_string());
    span.say("tasker.task.namespace", task.about.namespace.to_string());
}

/// Steps whose attempts were interrupted: they are given back without having ended.
pub(super) fn interrupted(task: &Task) -> Vec<StepNo> {
    let running = task.steps.iter().filter(|step| step.status == Status::InProgress && !step.is_asleep());
    running.map(|step| step.no).collect()
}
