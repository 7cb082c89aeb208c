//! What a handler sees of its task, of earlier steps and of its own.

use std::sync::{
    Arc, Mutex, OnceLock, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use sea_orm::DatabaseConnection;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::StepError;
use crate::data::Primary;
use crate::model::{
    id::{StepId, StepNo, TaskId},
    outcome::Published,
    task::Task,
    template::Template,
    trace::TraceContext,
};

/// Custom events that one attempt may publish: they are written together with its outcome.
const MAX_PUBLISHED: usize = 1_000;

/// The task a step belongs to.
#[derive(Debug, Clone)]
pub struct TaskView {
    pub(in crate::orchestration) id: TaskId,
    pub(in crate::orchestration) template: Arc<Template>,
    pub(in crate::orchestration) context: Arc<Value>,
    pub(in crate::orchestration) primary: Primary,
}

impl TaskView {
    /// Its id.
    pub const fn id(&self) -> TaskId {
        self.id
    }

    /// Its template's name.
    pub fn name(&self) -> &str {
        &self.template.name
    }

    /// Its namespace.
    pub fn namespace(&self) -> &str {
        &self.template.namespace
    }

    /// The application's own database: `database.primary` of the settings, by connections of its own, also where tasks
    /// are kept in another. Nothing done there is part of what the engine writes: pass on [`StepView::id`], and let an
    /// attempt that comes again find what the first one did.
    pub const fn primary_database(&self) -> &DatabaseConnection {
        self.primary.connection()
    }

    /// Its input.
    pub fn context(&self) -> &Value {
        &self.context
    }
}

/// Results of the task's steps. A slot is filled once, when the results are durable.
#[derive(Debug)]
pub struct Board {
    template: Arc<Template>,
    slots: Vec<OnceLock<Arc<Value>>>,
}

impl Board {
    pub(in crate::orchestration) fn of(task: &Task) -> Arc<Self> {
        let slots = task.steps.iter().map(|_| OnceLock::new()).collect();
        let board = Self { template: task.template.clone(), slots };
        for step in &task.steps {
            board.show(task, step.no);
        }
        Arc::new(board)
    }

    /// With these results, of whatever steps.
    pub(super) fn holding(template: Arc<Template>, results: Vec<(StepNo, Value)>) -> Self {
        let mut slots: Vec<_> = template.steps.iter().map(|_| OnceLock::new()).collect();
        for (no, results) in results {
            slots[no.index()] = OnceLock::from(Arc::new(results));
        }
        Self { template, slots }
    }

    /// The step is settled and its results are durable.
    pub(in crate::orchestration) fn show(&self, task: &Task, no: StepNo) {
        let step = task.step(no);
        if step.status.satisfies() {
            let results = step.results.clone().unwrap_or_default();
            let _ = self.slots[no.index()].set(results);
        }
    }
}

/// The steps of the task, for looking up what earlier ones left.
#[derive(Debug, Clone)]
pub struct Sequence(pub(in crate::orchestration) Arc<Board>);

/// An earlier step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepSnapshot {
    /// Its name.
    pub name: String,
    /// What it left; none while it is not settled.
    pub results: Option<Arc<Value>>,
}

impl Sequence {
    /// `key` of what `step` left; none when the step, its results or the key are missing.
    pub fn results(&self, step: &str, key: &str) -> Option<&Value> {
        let no = self.0.template.step_no(step)?;
        self.0.slots[no.index()].get()?.get(key)
    }

    /// The step called `name`.
    pub fn find_step_by_name(&self, name: &str) -> Option<StepSnapshot> {
        let no = self.0.template.step_no(name)?;
        Some(StepSnapshot { name: name.to_owned(), results: self.0.slots[no.index()].get().cloned() })
    }
}

/// The step that is being processed.
#[derive(Debug)]
pub struct StepView {
    pub(in crate::orchestration) id: StepId,
    pub(in crate::orchestration) no: StepNo,
    pub(in crate::orchestration) template: Arc<Template>,
    pub(in crate::orchestration) attempt: u32,
    pub(in crate::orchestration) inputs: Arc<Value>,
    pub(in crate::orchestration) earlier: Option<Arc<Value>>,
    pub(in crate::orchestration) handler_config: Value,
    pub(in crate::orchestration) cancelled: CancellationToken,
    pub(in crate::orchestration) declared: Arc<[String]>,
    pub(in crate::orchestration) published: Mutex<Published>,
    /// Bytes that may still be published.
    pub(in crate::orchestration) room: AtomicUsize,
    /// The attempt's span, or the one that asked for the task where there are no traces here.
    pub(in crate::orchestration) trace: Option<TraceContext>,
}

impl StepView {
    /// Stable over every attempt: pass it on as idempotency key.
    pub const fn id(&self) -> StepId {
        self.id
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.template.step(self.no).name
    }

    /// Number of this attempt, from one.
    pub const fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Its own input: the task's context unless an operator changed it.
    pub fn inputs(&self) -> &Value {
        &self.inputs
    }

    /// What a failed attempt left.
    pub fn earlier_results(&self) -> Option<&Value> {
        self.earlier.as_deref()
    }

    /// The template's `handler_config`, its variables resolved.
    pub const fn handler_config(&self) -> &Value {
        &self.handler_config
    }

    /// Completed when the step was cancelled, timed out or its node stops: the answer will not count.
    pub const fn cancelled(&self) -> &CancellationToken {
        &self.cancelled
    }

    /// The attempt's place in its trace, to be passed on in the header `traceparent` of a request that it makes. Without
    /// traces here it is that of the request that created the task; none where that had none.
    pub fn traceparent(&self) -> Option<String> {
        self.trace.as_ref().map(ToString::to_string)
    }

    /// What other systems said about the trace: goes with [`Self::traceparent`], as `tracestate`.
    pub fn tracestate(&self) -> Option<&str> {
        self.trace.as_ref().and_then(TraceContext::state)
    }

    /// Publishes a declared custom event. It is written with the attempt's outcome, whatever that is.
    ///
    /// An attempt publishes up to 1,000 events, whose payloads have up to `orchestration.max_results_bytes` bytes
    /// together. One more is refused with the code `BAD_PAYLOAD`.
    pub fn publish(&self, name: &str, payload: Value) -> Result<(), StepError> {
        if !self.declares(name) {
            return Err(StepError::permanent(format!(
                "event {name} is not declared: name it in the handler's custom_events() or in the template's custom_events"
            ))
            .with_code("UNDECLARED_EVENT"));
        }
        let mut published = self.published();
        if published.custom.len() >= MAX_PUBLISHED {
            let message =
                format!("event {name} is one too many: an attempt publishes at most {MAX_PUBLISHED}");
            return Err(StepError::permanent(message).with_code("BAD_PAYLOAD"));
        }
        self.takes_room(name, payload.to_string().len())?;
        published.custom.push((name.into(), payload));
        Ok(())
    }

    fn takes_room(&self, name: &str, bytes: usize) -> Result<(), StepError> {
        let left = |room: usize| room.checked_sub(bytes);
        self.room.fetch_update(Ordering::AcqRel, Ordering::Acquire, left).map(drop).map_err(|room| {
            let message =
                format!("the payload of {name} has {bytes} bytes, and this attempt may publish {room} more");
            StepError::permanent(message).with_code("BAD_PAYLOAD")
        })
    }

    /// The handler has declared the event `name`, or its step template has, or the task template.
    fn declares(&self, name: &str) -> bool {
        let mut own = self.template.step(self.no).custom_events.iter().chain(&self.template.custom_events);
        self.declared.iter().any(|declared| declared == name) || own.any(|event| event.name == name)
    }

    /// Adds keys to the completion event.
    pub fn publish_completed(&self, payload: Value) {
        self.published().completed = Some(payload);
    }

    pub(in crate::orchestration) fn take_published(&self) -> Published {
        std::mem::take(&mut *self.published())
    }

    fn published(&self) -> std::sync::MutexGuard<'_, Published> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
