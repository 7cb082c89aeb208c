//! One call of a handler: its code within its time, a panic caught, its answer checked.
//!
//! Not here: what becomes of the answer. No engine and no task is needed for a call.

use std::{any::Any, panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;
use serde_json::Value;

use super::{Sequence, StepError, StepHandler, StepView, TaskView};
use crate::{
    model::{
        failure::FailureKind,
        outcome::{Answer, Outcome, Published},
    },
    orchestration::{Clock, value},
};

/// A handler with everything that it is called with.
pub(crate) struct Call {
    pub(in crate::orchestration) handler: Arc<dyn StepHandler>,
    pub(in crate::orchestration) task: TaskView,
    pub(in crate::orchestration) sequence: Sequence,
    pub(in crate::orchestration) step: StepView,
    pub(in crate::orchestration) clock: Clock,
    /// What results and payloads may have.
    pub(in crate::orchestration) max_bytes: usize,
}

impl Call {
    /// Makes it.
    pub(crate) async fn answer(&self) -> Answer {
        let answered = self.process().await.and_then(|results| self.storable("results", results));
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
                answered.unwrap_or_else(|panic| Err(panicked(&*panic)))
            }
            () = self.clock.sleep(limit) => {
                self.step.cancelled.cancel();
                let message = format!("the attempt took longer than its limit of {}", humantime::format_duration(limit));
                Err(StepError::new(FailureKind::Timeout, message))
            }
        }
    }

    fn storable(&self, what: &str, value: Value) -> Result<Value, StepError> {
        match value::checked(what, &value, self.max_bytes) {
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
            value::checked(&format!("the payload of {name}"), payload, self.max_bytes).err()
        });
        let refused = refused.or_else(|| {
            let extra = published.completed.as_ref()?;
            value::checked("the completion event's payload", extra, self.max_bytes).err()
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

/// A handler's panic as its answer.
pub(in crate::orchestration) fn panicked(panic: &(dyn Any + Send)) -> StepError {
    let text = panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned());
    let text = text.unwrap_or_else(|| "no message".into());
    StepError::new(FailureKind::Panic, format!("the handler panicked: {text}"))
}
