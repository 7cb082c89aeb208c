//! Handlers that do what a test says, and remember how they were called.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::{
    model::{id::TaskId, template::CustomEvent},
    orchestration::handler::{Sequence, StepError, StepHandler, StepView, TaskView},
};

/// What a scripted handler does in one attempt.
#[derive(Clone)]
pub struct Answer {
    then: Then,
    publish: Vec<(String, Value)>,
    completed: Option<Value>,
    always: bool,
}

type Compute = dyn Fn(&TaskView, &Sequence, &StepView) -> Result<Value, StepError> + Send + Sync;

#[derive(Clone)]
enum Then {
    Ok(Value),
    Fail(StepError),
    Panic(String),
    Hang,
    Compute(Arc<Compute>),
}

/// Completes the step with these results.
pub fn ok(results: Value) -> Answer {
    answer(Then::Ok(results))
}

/// Fails; another attempt may help.
pub fn retry(message: impl fmt::Display) -> Answer {
    answer(Then::Fail(StepError::retryable(message)))
}

/// Fails as a server does that says when to come again.
pub fn retry_after(message: impl fmt::Display, wait: Duration) -> Answer {
    answer(Then::Fail(StepError::retryable(message).after(wait)))
}

/// Fails for good.
pub fn permanent(message: impl fmt::Display) -> Answer {
    answer(Then::Fail(StepError::permanent(message)))
}

/// Panics, as code with a mistake does.
pub fn panics(message: impl Into<String>) -> Answer {
    answer(Then::Panic(message.into()))
}

/// Works until it is told that its answer will not count, or the test lets it go; then completes with `{}`.
pub fn hangs() -> Answer {
    answer(Then::Hang)
}

/// Answers with what `compute` makes of the attempt.
pub fn computed(
    compute: impl Fn(&TaskView, &Sequence, &StepView) -> Result<Value, StepError> + Send + Sync + 'static,
) -> Answer {
    answer(Then::Compute(Arc::new(compute)))
}

fn answer(then: Then) -> Answer {
    Answer { then, publish: Vec::new(), completed: None, always: false }
}

impl Answer {
    /// The answer to this attempt and to every one after it.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.always = true;
        self
    }

    /// Leaves results in spite of its failure. Of an answer that is no failure it changes nothing.
    #[must_use]
    pub fn leaving(mut self, results: Value) -> Self {
        if let Then::Fail(error) = &mut self.then {
            *error = error.clone().with_results(results);
        }
        self
    }

    /// Publishes a declared custom event first.
    #[must_use]
    pub fn publishing(mut self, name: impl Into<String>, payload: Value) -> Self {
        self.publish.push((name.into(), payload));
        self
    }

    /// Adds keys to the completion event.
    #[must_use]
    pub fn completing_with(mut self, payload: Value) -> Self {
        self.completed = Some(payload);
        self
    }
}

/// One attempt as its scripted handler saw it.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The `handler_class`.
    pub class: String,
    /// Of which task.
    pub task: TaskId,
    /// The step's name.
    pub step: String,
    /// Counted from one.
    pub attempt: u32,
    /// What the step got.
    pub inputs: Value,
    /// It hung, and was told that its answer will not count.
    pub told: bool,
}

/// Every handler's script. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Scripts {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    answers: Mutex<HashMap<String, VecDeque<Answer>>>,
    calls: Mutex<Vec<Call>>,
    held: Mutex<usize>,
    go: Notify,
}

impl Scripts {
    pub(super) fn new(answers: impl IntoIterator<Item = (String, Vec<Answer>)>) -> Self {
        let scripts = Self::default();
        answers.into_iter().for_each(|(class, answers)| scripts.add(&class, answers));
        scripts
    }

    pub(super) fn add(&self, class: &str, answers: impl IntoIterator<Item = Answer>) {
        lock(&self.inner.answers).entry(class.into()).or_default().extend(answers);
    }

    pub(super) fn has(&self, class: &str) -> bool {
        lock(&self.inner.answers).contains_key(class)
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        lock(&self.inner.calls).clone()
    }

    /// Attempts that hang.
    pub(super) fn held(&self) -> usize {
        *lock(&self.inner.held)
    }

    pub(super) fn let_go(&self) {
        self.inner.go.notify_waiters();
    }

    fn next(&self, class: &str) -> Option<Answer> {
        let mut answers = lock(&self.inner.answers);
        let script = answers.get_mut(class)?;
        if script.front()?.always { script.front().cloned() } else { script.pop_front() }
    }

    fn note(&self, call: Call) -> usize {
        let mut calls = lock(&self.inner.calls);
        calls.push(call);
        calls.len() - 1
    }

    async fn hang(&self, step: &StepView, call: usize) -> Value {
        let go = self.inner.go.notified();
        *lock(&self.inner.held) += 1;
        let _held = Held(self);
        tokio::select! {
            biased;
            () = step.cancelled().cancelled() => lock(&self.inner.calls)[call].told = true,
            () = go => {}
        }
        json!({})
    }
}

/// Counts a hanging attempt, also when it is dropped.
struct Held<'a>(&'a Scripts);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        *lock(&self.0.inner.held) -= 1;
    }
}

/// The handler of a class that has a script.
pub(super) struct Scripted {
    pub(super) class: String,
    pub(super) scripts: Scripts,
    /// What the real handler declares, where there is one.
    pub(super) declared: Vec<CustomEvent>,
}

#[async_trait]
impl StepHandler for Scripted {
    async fn process(
        &self,
        task: &TaskView,
        earlier: &Sequence,
        step: &StepView,
    ) -> Result<Value, StepError> {
        let next = self.scripts.next(&self.class);
        let call = self.scripts.note(Call {
            class: self.class.clone(),
            task: task.id(),
            step: step.name().to_owned(),
            attempt: step.attempt(),
            inputs: step.inputs().clone(),
            told: false,
        });
        let Some(next) = next else { return Err(self.ended(step)) };
        for (name, payload) in next.publish {
            step.publish(&name, payload)?;
        }
        if let Some(payload) = next.completed {
            step.publish_completed(payload);
        }
        match next.then {
            Then::Ok(results) => Ok(results),
            Then::Fail(error) => Err(error),
            Then::Panic(message) => panic!("{message}"),
            Then::Hang => Ok(self.scripts.hang(step, call).await),
            Then::Compute(compute) => compute(task, earlier, step),
        }
    }

    fn custom_events(&self) -> Vec<CustomEvent> {
        self.declared.clone()
    }
}

impl Scripted {
    /// An attempt that the test did not think of fails, and says so: it must not look as if it had been expected.
    fn ended(&self, step: &StepView) -> StepError {
        let message = format!(
            "the script of {} has no answer for attempt {} of step {}: give it one, or end it with .always()",
            self.class,
            step.attempt(),
            step.name()
        );
        StepError::permanent(message).with_code("SCRIPT_ENDED")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
