//! Handlers that do what a test says, and remember how they were called.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use serde_json::{Value, json};
use tasker::orchestration::handler::{Sequence, StepError, StepHandler, StepView, TaskView};
use tokio::sync::Notify;

/// What a handler is to do in one attempt.
#[derive(Clone)]
pub struct Answer {
    then: Then,
    publish: Vec<(String, Value)>,
    completed: Option<Value>,
}

#[derive(Clone)]
enum Then {
    Ok(Value),
    Fail(StepError),
    Panic(&'static str),
    Hang,
    Ignore,
    Block(Duration),
    Seen(&'static str, &'static str),
}

/// One attempt as its handler saw it.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    pub step: String,
    pub attempt: u32,
    pub inputs: Value,
    /// It was told that its answer will not count.
    pub told: bool,
}

/// Every handler's script. Cheap to clone.
#[derive(Clone, Default)]
pub struct Scripts {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    answers: Mutex<HashMap<String, VecDeque<Answer>>>,
    calls: Mutex<Vec<Call>>,
    held: Mutex<usize>,
    go: Notify,
}

pub struct Scripted {
    pub class: String,
    pub scripts: Scripts,
}

fn answer(then: Then) -> Answer {
    Answer { then, publish: Vec::new(), completed: None }
}

pub fn ok(results: Value) -> Answer {
    answer(Then::Ok(results))
}

pub fn retry(message: &str) -> Answer {
    answer(Then::Fail(StepError::retryable(message)))
}

pub fn retry_after(message: &str, seconds: u64) -> Answer {
    answer(Then::Fail(StepError::retryable(message).after(Duration::from_secs(seconds))))
}

pub fn permanent(message: &str) -> Answer {
    answer(Then::Fail(StepError::permanent(message)))
}

pub fn panics(message: &'static str) -> Answer {
    answer(Then::Panic(message))
}

/// Works until it is told to stop or the test lets it go.
pub fn hangs() -> Answer {
    answer(Then::Hang)
}

/// Works until the test lets it go, whatever it is told.
pub fn ignores() -> Answer {
    answer(Then::Ignore)
}

/// Holds its thread for so long, and hears of nothing.
pub fn blocks(time: Duration) -> Answer {
    answer(Then::Block(time))
}

/// Answers with `key` of what the earlier `step` left.
pub fn seen(step: &'static str, key: &'static str) -> Answer {
    answer(Then::Seen(step, key))
}

impl Answer {
    pub fn leaving(mut self, results: Value) -> Self {
        if let Then::Fail(error) = &mut self.then {
            *error = error.clone().with_results(results);
        }
        self
    }

    pub fn publishing(mut self, name: &str, payload: Value) -> Self {
        self.publish.push((name.into(), payload));
        self
    }

    pub fn completing_with(mut self, payload: Value) -> Self {
        self.completed = Some(payload);
        self
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Scripts {
    pub fn answers(&self, class: &str, answers: impl IntoIterator<Item = Answer>) {
        lock(&self.inner.answers).entry(class.into()).or_default().extend(answers);
    }

    pub fn calls(&self) -> Vec<Call> {
        lock(&self.inner.calls).clone()
    }

    /// Attempts that hang.
    pub fn held(&self) -> usize {
        *lock(&self.inner.held)
    }

    pub fn let_go(&self) {
        self.inner.go.notify_waiters();
    }
}

/// Counts a hanging attempt, also when it is dropped.
struct Held<'a>(&'a Scripts);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        *lock(&self.0.inner.held) -= 1;
    }
}

#[async_trait]
impl StepHandler for Scripted {
    async fn process(&self, _: &TaskView, earlier: &Sequence, step: &StepView) -> Result<Value, StepError> {
        let next = lock(&self.scripts.inner.answers).get_mut(&self.class).and_then(VecDeque::pop_front);
        let index = {
            let mut calls = lock(&self.scripts.inner.calls);
            let (step, attempt, inputs) = (step.name().into(), step.attempt(), step.inputs().clone());
            calls.push(Call { step, attempt, inputs, told: false });
            calls.len() - 1
        };
        let Some(next) = next else { return Ok(json!({})) };
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
            Then::Seen(step, key) => Ok(json!({ "seen": earlier.results(step, key) })),
            Then::Block(time) => {
                std::thread::sleep(time);
                Ok(json!({ "late": true }))
            }
            Then::Ignore => {
                *lock(&self.scripts.inner.held) += 1;
                let _held = Held(&self.scripts);
                self.scripts.inner.go.notified().await;
                Ok(json!({ "late": true }))
            }
            Then::Hang => {
                *lock(&self.scripts.inner.held) += 1;
                let _held = Held(&self.scripts);
                tokio::select! {
                    biased;
                    () = step.cancelled().cancelled() => {
                        lock(&self.scripts.inner.calls)[index].told = true;
                    }
                    () = self.scripts.inner.go.notified() => {}
                }
                Ok(json!({ "late": true }))
            }
        }
    }
}
