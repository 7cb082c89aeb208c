//! The step `charge_card`.

use tasker::prelude::*;

/// Charge card.
pub struct ChargeCardHandler;

#[tasker::async_trait]
impl StepHandler for ChargeCardHandler {
    /// `Ok` completes the step, and its dependents see what it leaves. An error is tried again, until the template's
    /// limit; `StepError::permanent` is not. An attempt may be repeated: `step.id()` is the same for all of them.
    async fn process(
        &self,
        task: &TaskView,
        sequence: &Sequence,
        step: &StepView,
    ) -> Result<Value, StepError> {
        let before = sequence
            .find_step_by_name("validate_order")
            .and_then(|step| step.results);
        step.publish("payment.processed", json!({ "task_id": task.id() }))?;
        step.publish("payment.risk_flagged", json!({ "task_id": task.id() }))?;
        Ok(json!({
            "idempotency_key": step.id(),
            "context": task.context(),
            "before": before,
        }))
    }

    fn custom_events(&self) -> Vec<CustomEvent> {
        let event = |name: &str, description: &str| CustomEvent {
            name: name.into(),
            description: description.into(),
        };
        vec![
            event("payment.processed", "Charge card: payment.processed"),
            event("payment.risk_flagged", "Charge card: payment.risk_flagged"),
        ]
    }
}

#[cfg(test)]
mod tests {
    use tasker::testing::StepTest;

    use super::*;

    #[tokio::test]
    async fn it_leaves_what_its_dependents_need() {
        let test = StepTest::new(ChargeCardHandler).context(json!({ "order_id": 1 }));
        let run = test
            .results("validate_order", json!({ "done": true }))
            .run()
            .await;
        assert_eq!(run.results()["before"], json!({ "done": true }));
        assert_eq!(run.results()["context"], json!({ "order_id": 1 }));
        assert_eq!(
            run.event_names(),
            ["payment.processed", "payment.risk_flagged"]
        );
    }
}
