//! Handlers that every Tasker has.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{Sequence, StepError, StepHandler, StepView, TaskView};
use crate::model::time::Timestamp;

/// Completes by itself after `handler_config.seconds`.
pub(super) const SLEEP: &str = "tasker.sleep";

/// Every built-in handler with code of its own.
pub(super) fn all() -> Vec<(&'static str, Arc<dyn StepHandler>)> {
    vec![("tasker.noop", Arc::new(Noop)), ("tasker.fail", Arc::new(Fail)), ("tasker.emit", Arc::new(Emit))]
}

/// When a sleeper that starts `now` wakes.
pub(in crate::orchestration) fn sleep_until(config: &Value, now: Timestamp) -> Result<Timestamp, StepError> {
    let wrong = || {
        StepError::permanent("tasker.sleep needs handler_config.seconds, a number of at least 0")
            .with_code("BAD_CONFIG")
    };
    let seconds = config.get("seconds").and_then(Value::as_f64).ok_or_else(wrong)?;
    Ok(now.plus(Duration::try_from_secs_f64(seconds).map_err(|_| wrong())?))
}

/// Does nothing and answers with `handler_config.results`, or `{}`.
struct Noop;

#[async_trait]
impl StepHandler for Noop {
    async fn process(&self, _: &TaskView, _: &Sequence, step: &StepView) -> Result<Value, StepError> {
        Ok(step.handler_config().get("results").cloned().unwrap_or_else(|| json!({})))
    }
}

/// For drills: fails the first `handler_config.times` attempts (all without it), with `message` and `code`,
/// retryably unless `retryable` is false.
struct Fail;

#[async_trait]
impl StepHandler for Fail {
    async fn process(&self, _: &TaskView, _: &Sequence, step: &StepView) -> Result<Value, StepError> {
        let config = step.handler_config();
        if config.get("times").and_then(Value::as_u64).is_some_and(|times| u64::from(step.attempt()) > times)
        {
            return Ok(json!({ "attempts": step.attempt() }));
        }
        let message = config.get("message").and_then(Value::as_str).unwrap_or("failed as the template asked");
        let retryable = config.get("retryable").and_then(Value::as_bool).unwrap_or(true);
        let error = if retryable { StepError::retryable(message) } else { StepError::permanent(message) };
        Err(match config.get("code").and_then(Value::as_str) {
            Some(code) => error.with_code(code),
            None => error,
        })
    }
}

/// Publishes `handler_config.event`, which the template must declare, with `handler_config.payload`.
struct Emit;

#[async_trait]
impl StepHandler for Emit {
    async fn process(&self, _: &TaskView, _: &Sequence, step: &StepView) -> Result<Value, StepError> {
        let config = step.handler_config();
        let event = config.get("event").and_then(Value::as_str).ok_or_else(|| {
            StepError::permanent("tasker.emit needs handler_config.event, the name of a declared event")
                .with_code("BAD_CONFIG")
        })?;
        step.publish(event, config.get("payload").cloned().unwrap_or_else(|| json!({})))?;
        Ok(json!({ "event": event }))
    }
}
