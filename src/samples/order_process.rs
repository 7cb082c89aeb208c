//! Five steps of an order. The shop lives in memory; what is done twice for one step has one effect, because each
//! handler uses the step's id as its idempotency key.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use serde_json::{Value, json};

use crate::{
    app::Builder,
    model::{id::StepId, template::CustomEvent},
    orchestration::handler::{Sequence, StepError, StepHandler, StepView, TaskHandler, TaskView, Violation},
};

/// How long each of the shop's systems takes to answer: enough to watch it happen.
const ANSWER: Duration = Duration::from_millis(150);

/// Orders above this are looked at by a person.
const RISKY: f64 = 10_000.0;

/// Registers the task's hooks and the five handlers under the guide's names.
pub fn handlers(builder: Builder) -> Builder {
    let shop = Arc::new(Shop::default());
    builder
        .task_handler("OrderProcess", OrderProcess)
        .step_handler("OrderProcess::StepHandler::FetchOrderHandler", FetchOrder)
        .step_handler("OrderProcess::StepHandler::ValidateInventoryHandler", ValidateInventory(shop.clone()))
        .step_handler("OrderProcess::StepHandler::ProcessPaymentHandler", ProcessPayment)
        .step_handler("OrderProcess::StepHandler::UpdateInventoryHandler", UpdateInventory(shop))
        .step_handler("OrderProcess::StepHandler::SendConfirmationHandler", SendConfirmation)
}

/// What is on the shelf, and which steps have taken from it.
#[derive(Default)]
struct Shop {
    taken: Mutex<HashSet<StepId>>,
}

impl Shop {
    const SHELF: usize = 1_000_000;

    fn left(&self) -> usize {
        Self::SHELF - self.taken.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Takes one item for `step`; again for the same step changes nothing.
    fn take(&self, step: StepId) -> usize {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).insert(step);
        self.left()
    }
}

/// What a schema can't say about an order, and what every order gets.
struct OrderProcess;

#[async_trait]
impl TaskHandler for OrderProcess {
    async fn validate(&self, context: &Value) -> Result<(), Vec<Violation>> {
        if context.get("order_id").and_then(Value::as_i64).is_some_and(|order_id| order_id > 0) {
            return Ok(());
        }
        Err(vec![Violation { pointer: "/order_id".into(), message: "orders are numbered from 1".into() }])
    }

    async fn initialize_context(&self, mut context: Value) -> Result<Value, StepError> {
        if let Some(entries) = context.as_object_mut() {
            entries.entry("priority").or_insert_with(|| json!("normal"));
        }
        Ok(context)
    }
}

struct FetchOrder;

#[async_trait]
impl StepHandler for FetchOrder {
    async fn process(&self, task: &TaskView, _: &Sequence, _: &StepView) -> Result<Value, StepError> {
        tokio::time::sleep(ANSWER).await;
        let order_id = task.context().get("order_id").and_then(Value::as_i64);
        let order_id = order_id.ok_or_else(|| StepError::permanent("the context has no order_id"))?;
        let amount = (order_id.rem_euclid(50) + 1) as f64 * 10.0;
        Ok(
            json!({ "order_id": order_id, "products": [{ "sku": format!("SKU-{order_id}"), "quantity": 1 }], "total": amount }),
        )
    }
}

struct ValidateInventory(Arc<Shop>);

#[async_trait]
impl StepHandler for ValidateInventory {
    async fn process(&self, _: &TaskView, sequence: &Sequence, _: &StepView) -> Result<Value, StepError> {
        tokio::time::sleep(ANSWER).await;
        let products = sequence.results("fetch_order", "products").cloned().unwrap_or_default();
        match self.0.left() {
            0 => Err(StepError::retryable("out of stock; the next delivery may help")),
            left => Ok(json!({ "available": true, "levels": left, "products": products })),
        }
    }
}

struct ProcessPayment;

#[async_trait]
impl StepHandler for ProcessPayment {
    async fn process(
        &self,
        task: &TaskView,
        sequence: &Sequence,
        step: &StepView,
    ) -> Result<Value, StepError> {
        tokio::time::sleep(ANSWER).await;
        let order_id = task.context().get("order_id").cloned().unwrap_or_default();
        let asked = task.context().get("payment_amount").and_then(Value::as_f64);
        let amount =
            asked.or_else(|| sequence.results("fetch_order", "total").and_then(Value::as_f64)).unwrap_or(0.0);
        let risk_score = (amount / RISKY).min(1.0);
        if risk_score > 0.8 {
            step.publish(
                "payment.risk_flagged",
                json!({ "order_id": order_id, "risk_score": risk_score, "requires_manual_review": true }),
            )?;
            return Ok(json!({ "status": "risk_review", "risk_score": risk_score }));
        }
        let transaction_id = format!("txn_{}", step.id());
        step.publish(
            "payment.processed",
            json!({ "order_id": order_id, "payment_amount": amount, "transaction_id": transaction_id }),
        )?;
        Ok(
            json!({ "status": "completed", "payment_id": transaction_id, "amount_charged": amount, "transaction_id": transaction_id }),
        )
    }

    fn custom_events(&self) -> Vec<CustomEvent> {
        let event = |name: &str, description: &str| CustomEvent {
            name: name.into(),
            description: description.into(),
        };
        vec![
            event("payment.processed", "Published when payment processing completes successfully"),
            event("payment.risk_flagged", "Published when payment is flagged for manual review"),
        ]
    }
}

struct UpdateInventory(Arc<Shop>);

#[async_trait]
impl StepHandler for UpdateInventory {
    async fn process(&self, _: &TaskView, _: &Sequence, step: &StepView) -> Result<Value, StepError> {
        tokio::time::sleep(ANSWER).await;
        Ok(json!({ "levels": self.0.take(step.id()) }))
    }
}

struct SendConfirmation;

#[async_trait]
impl StepHandler for SendConfirmation {
    async fn process(
        &self,
        task: &TaskView,
        sequence: &Sequence,
        step: &StepView,
    ) -> Result<Value, StepError> {
        tokio::time::sleep(ANSWER).await;
        let payment = sequence.results("process_payment", "status").cloned().unwrap_or_default();
        step.publish_completed(json!({ "customer_id": task.context().get("customer_id") }));
        Ok(json!({ "sent": true, "message_id": format!("msg_{}", step.id()), "payment": payment }))
    }
}
