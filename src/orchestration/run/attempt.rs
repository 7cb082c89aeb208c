//! One try of one step: a call of its handler, counted and traced.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, atomic::AtomicUsize},
};

use futures_util::FutureExt;
use opentelemetry::trace::FutureExt as _;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{
    model::{
        id::StepNo,
        outcome::{Answer, Published},
        task::Task,
        template,
        trace::TraceContext,
    },
    orchestration::{
        Engine,
        activity::Counted,
        handler::{Board, Call, Registered, Sequence, StepError, StepView, TaskView, panicked},
        traced::{Attempted, Which},
    },
};

/// An attempt that has ended.
pub(super) struct Ended {
    pub(super) no: StepNo,
    pub(super) attempt: u32,
    pub(super) answer: Answer,
    _counted: Counted,
}

/// Counted among the running, also when the attempt is dropped where it stands.
struct Running(Engine);

impl Running {
    fn begin(engine: &Engine) -> Self {
        engine.metrics().steps_running.inc();
        Self(engine.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.metrics().steps_running.dec();
    }
}

/// An attempt to be made.
pub(super) struct Attempt {
    engine: Engine,
    call: Call,
    config: Result<(), StepError>,
    counted: Counted,
    span: Option<Attempted>,
    /// Of the task's own, so that every line of the handler's code says which task and which request it belongs to.
    lines: tracing::Span,
}

impl Attempt {
    pub(super) fn new(
        engine: &Engine,
        task: &Task,
        no: StepNo,
        registered: Registered,
        board: &Arc<Board>,
    ) -> Self {
        let step = task.step(no);
        let own = task.template.step(no);
        let (handler_config, config) = match engine.resolve(&own.handler_config) {
            Ok(resolved) => (resolved, Ok(())),
            Err(error) => (Value::Null, Err(error)),
        };
        let call = Call {
            handler: registered.handler,
            task: TaskView {
                id: task.id(),
                template: task.template.clone(),
                context: task.context.clone(),
                primary: engine.primary().clone(),
            },
            sequence: Sequence(board.clone()),
            step: StepView {
                id: step.id,
                no,
                template: task.template.clone(),
                attempt: step.attempts,
                inputs: step.inputs.clone().unwrap_or_else(|| task.context.clone()),
                earlier: step.results.clone(),
                handler_config,
                cancelled: CancellationToken::new(),
                declared: registered.declared,
                published: Mutex::new(Published::default()),
                room: AtomicUsize::new(engine.settings().max_results_bytes),
                trace: task.trace.clone(),
            },
            clock: engine.clock().clone(),
            max_bytes: engine.settings().max_results_bytes,
        };
        Self {
            engine: engine.clone(),
            call,
            config,
            span: None,
            lines: tracing::info_span!("step", step = own.name, attempt = step.attempts),
            counted: engine.signals().attempts.one(),
        }
    }

    /// As a part of its task's trace; `place` is the task's span.
    pub(super) fn traced(mut self, task: &Task, place: Option<&TraceContext>) -> Self {
        let step = &mut self.call.step;
        let which = Which { task, no: step.no, attempt: step.attempt, began: self.engine.clock().now() };
        let span = self.engine.trace_attempt(place, which);
        if let Some(own) = span.place() {
            step.trace = Some(own.clone());
            self.span = Some(span);
        }
        self
    }

    pub(super) const fn no(&self) -> StepNo {
        self.call.step.no
    }

    pub(super) fn cancellation(&self) -> CancellationToken {
        self.call.step.cancelled.clone()
    }

    /// Makes it. A handler that panics where it is dropped has failed as well.
    pub(super) async fn make(self) -> Ended {
        let step = &self.call.step;
        let (no, attempt, engine) = (step.no, step.attempt, self.engine.clone());
        AssertUnwindSafe(self.run()).catch_unwind().await.unwrap_or_else(|panic| {
            let answer = panicked(&*panic).into_outcome().into();
            Ended { no, attempt, answer, _counted: engine.signals().attempts.one() }
        })
    }

    async fn run(mut self) -> Ended {
        let (no, attempt) = (self.call.step.no, self.call.step.attempt);
        let lines = std::mem::replace(&mut self.lines, tracing::Span::none());
        let traced = self.span.take();
        let running = Running::begin(&self.engine);
        // What the handler's code makes of traces is a part of this attempt.
        let answer = match traced.as_ref().and_then(Attempted::context) {
            Some(context) => self.answer().with_context(context.clone()).instrument(lines).await,
            None => self.answer().instrument(lines).await,
        };
        if let Some(traced) = traced {
            traced.end(&answer.outcome);
        }
        drop(running);
        Ended { no, attempt, answer, _counted: self.counted }
    }

    async fn answer(&self) -> Answer {
        match &self.config {
            Ok(()) => self.call.answer().await,
            Err(error) => error.clone().into_outcome().into(),
        }
    }
}

impl Engine {
    /// A `handler_config` with its variables; the failure never says what they hold.
    pub(super) fn resolve(&self, config: &Value) -> Result<Value, StepError> {
        template::resolve(config, &|name| self.variable(name)).map_err(|unresolved| {
            StepError::permanent(format!("handler_config.{unresolved}")).with_code("BAD_CONFIG")
        })
    }
}
