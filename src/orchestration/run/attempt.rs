//! One try of one step: the handler's code with its limit, its panic caught, its answer checked.

use std::{
    any::Any,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, atomic::AtomicUsize},
    time::Instant,
};

use futures_util::FutureExt;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{
    metrics::labels::{self, ByOutcome},
    model::{
        failure::FailureKind,
        id::StepNo,
        outcome::{Answer, Outcome, Published},
        task::Task,
        template,
    },
    orchestration::{
        Engine,
        activity::Counted,
        handler::{Board, Registered, Sequence, StepError, StepHandler, StepView, TaskView},
        value,
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
    handler: Arc<dyn StepHandler>,
    task: TaskView,
    sequence: Sequence,
    step: StepView,
    config: Result<(), StepError>,
    counted: Counted,
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
        Self {
            engine: engine.clone(),
            task: TaskView { id: task.id(), template: task.template.clone(), context: task.context.clone() },
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
            },
            config,
            handler: registered.handler,
            counted: engine.signals().attempts.one(),
        }
    }

    pub(super) const fn no(&self) -> StepNo {
        self.step.no
    }

    pub(super) fn cancellation(&self) -> CancellationToken {
        self.step.cancelled.clone()
    }

    /// Makes it. A handler that panics where it is dropped has failed as well.
    pub(super) async fn make(self) -> Ended {
        let (no, attempt, engine) = (self.step.no, self.step.attempt, self.engine.clone());
        AssertUnwindSafe(self.run()).catch_unwind().await.unwrap_or_else(|panic| {
            let failed = StepError::new(FailureKind::Panic, panic_message(&*panic));
            let answer = Answer { outcome: failed.into_outcome(), published: Published::default() };
            Ended { no, attempt, answer, _counted: engine.signals().attempts.one() }
        })
    }

    async fn run(self) -> Ended {
        let span = tracing::info_span!("step", step = self.step.name(), attempt = self.step.attempt);
        let began = Instant::now();
        let running = Running::begin(&self.engine);
        let answer = self.answer().instrument(span).await;
        drop(running);
        self.engine.metrics().step_duration_seconds.observe(began.elapsed().as_secs_f64());
        self.engine
            .metrics()
            .steps_finished
            .get_or_create(&ByOutcome { outcome: label(&answer.outcome) })
            .inc();
        Ended { no: self.step.no, attempt: self.step.attempt, answer, _counted: self.counted }
    }

    async fn answer(&self) -> Answer {
        let answered = match &self.config {
            Ok(()) => self.process().await,
            Err(error) => Err(error.clone()),
        };
        let answered = answered.and_then(|results| self.storable("results", results));
        let mut outcome = match answered {
            Ok(results) => Outcome::Completed { results },
            Err(error) => error.into_outcome(),
        };
        let mut published = self.step.take_published();
        if let Err(error) = self.check(&mut outcome, &mut published) {
            outcome = error.into_outcome();
        }
        Answer { outcome, published }
    }

    /// The handler's code, within its time; a panic is an answer.
    async fn process(&self) -> Result<Value, StepError> {
        let work = async {
            let output = self.handler.process(&self.task, &self.sequence, &self.step).await?;
            self.handler.process_results(&self.step, output).await
        };
        let limit = self.task.template.step(self.step.no).timeout;
        tokio::select! {
            answered = AssertUnwindSafe(work).catch_unwind() => {
                answered.unwrap_or_else(|panic| Err(StepError::new(FailureKind::Panic, panic_message(&*panic))))
            }
            () = self.engine.clock().sleep(limit) => {
                self.step.cancelled.cancel();
                let message = format!("the attempt took longer than its limit of {}", humantime::format_duration(limit));
                Err(StepError::new(FailureKind::Timeout, message))
            }
        }
    }

    fn storable(&self, what: &str, value: Value) -> Result<Value, StepError> {
        let limit = self.engine.settings().max_results_bytes;
        match value::checked(what, &value, limit) {
            Ok(_) => Ok(value),
            Err(why) => Err(StepError::permanent(why).with_code("BAD_RESULTS")),
        }
    }

    /// What a failure leaves and what was published must be storable as well.
    fn check(&self, outcome: &mut Outcome, published: &mut Published) -> Result<(), StepError> {
        if let Outcome::Failed { results, .. } = outcome
            && let Some(left) = results.take()
        {
            *results = self.storable("results", left).ok();
        }
        let refused = published.custom.iter().find_map(|(name, payload)| {
            value::checked(
                &format!("the payload of {name}"),
                payload,
                self.engine.settings().max_results_bytes,
            )
            .err()
        });
        let refused = refused.or_else(|| {
            let extra = published.completed.as_ref()?;
            value::checked("the completion event's payload", extra, self.engine.settings().max_results_bytes)
                .err()
        });
        match refused {
            None => Ok(()),
            Some(why) => {
                *published = Published::default();
                Err(StepError::permanent(why).with_code("BAD_PAYLOAD"))
            }
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

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned());
    format!("the handler panicked: {}", text.unwrap_or_else(|| "no message".into()))
}

fn label(outcome: &Outcome) -> labels::Outcome {
    match outcome {
        Outcome::Completed { .. } | Outcome::Asleep { .. } => labels::Outcome::Complete,
        Outcome::Released(_) => labels::Outcome::Released,
        Outcome::Failed { failure, .. } => match failure.kind {
            FailureKind::Retryable => labels::Outcome::Retryable,
            FailureKind::Panic => labels::Outcome::Panic,
            FailureKind::Timeout => labels::Outcome::Timeout,
            FailureKind::Permanent | FailureKind::Lost | FailureKind::NodeLost => labels::Outcome::Permanent,
        },
    }
}
