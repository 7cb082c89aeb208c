//! The step `fetch_data`.

use tasker::prelude::*;

/// Fetch data.
pub struct FetchDataHandler;

#[tasker::async_trait]
impl StepHandler for FetchDataHandler {
    /// `Ok` completes the step, and its dependents see what it leaves. An error is tried again, until the template's
    /// limit; `StepError::permanent` is not. An attempt may be repeated: `step.id()` is the same for all of them.
    async fn process(
        &self,
        task: &TaskView,
        _: &Sequence,
        step: &StepView,
    ) -> Result<Value, StepError> {
        Ok(json!({
            "idempotency_key": step.id(),
            "context": task.context(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use tasker::testing::StepTest;

    use super::*;

    #[tokio::test]
    async fn it_leaves_what_its_dependents_need() {
        let test = StepTest::new(FetchDataHandler).context(json!({ "order_id": 1 }));
        let run = test.run().await;
        assert_eq!(run.results()["context"], json!({ "order_id": 1 }));
    }
}
