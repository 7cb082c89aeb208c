//! The step `ship_order`.

use tasker::prelude::*;

/// Ship order.
pub struct ShipOrderHandler;

#[tasker::async_trait]
impl StepHandler for ShipOrderHandler {
    /// `Ok` completes the step, and its dependents see what it leaves. An error is tried again, until the template's
    /// limit; `StepError::permanent` is not. An attempt may be repeated: `step.id()` is the same for all of them.
    async fn process(
        &self,
        task: &TaskView,
        sequence: &Sequence,
        step: &StepView,
    ) -> Result<Value, StepError> {
        let before = sequence
            .find_step_by_name("process_payment")
            .and_then(|step| step.results);
        Ok(json!({
            "idempotency_key": step.id(),
            "context": task.context(),
            "before": before,
        }))
    }
}

#[cfg(test)]
mod tests {
    use tasker::testing::StepTest;

    use super::*;

    #[tokio::test]
    async fn it_leaves_what_its_dependents_need() {
        let test = StepTest::new(ShipOrderHandler).context(json!({ "order_id": 1 }));
        let run = test
            .results("process_payment", json!({ "done": true }))
            .run()
            .await;
        assert_eq!(run.results()["before"], json!({ "done": true }));
        assert_eq!(run.results()["context"], json!({ "order_id": 1 }));
    }
}
