//! The workflow `order_process`: the hooks of its tasks, and the code of its steps.

mod process_payment;
mod ship_order;
#[cfg(test)]
mod tests;
mod validate_order;

use tasker::{app::Builder, prelude::*};

/// Registers the handlers under the names that `config/tasks/order_process.yaml` calls them by.
pub fn handlers(builder: Builder) -> Builder {
    builder
        .task_handler("OrderProcess", OrderProcess)
        .step_handler(
            "OrderProcess::StepHandler::ValidateOrderHandler",
            validate_order::ValidateOrderHandler,
        )
        .step_handler(
            "OrderProcess::StepHandler::ProcessPaymentHandler",
            process_payment::ProcessPaymentHandler,
        )
        .step_handler(
            "OrderProcess::StepHandler::ShipOrderHandler",
            ship_order::ShipOrderHandler,
        )
}

/// Hooks of every task of this workflow, run when it is created.
pub struct OrderProcess;

#[tasker::async_trait]
impl TaskHandler for OrderProcess {
    /// Checks what the template's schema can't say. Each violation has the JSON pointer of its place.
    async fn validate(&self, context: &Value) -> Result<(), Vec<Violation>> {
        if context.is_object() {
            return Ok(());
        }
        let message = "a task is given an object".to_owned();
        Err(vec![Violation {
            pointer: String::new(),
            message,
        }])
    }

    /// Adds to the context what every step may rely on.
    async fn initialize_context(&self, mut context: Value) -> Result<Value, StepError> {
        if let Some(entries) = context.as_object_mut() {
            entries
                .entry("workflow")
                .or_insert_with(|| json!("order_process"));
        }
        Ok(context)
    }
}
