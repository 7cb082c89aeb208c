//! A step handler by itself.

use std::time::Duration;

use tasker::{
    model::{failure::FailureKind, id::StepId},
    prelude::*,
    testing::{StepRun, StepTest},
};

/// Charges what the order comes to, once for each step.
#[derive(Clone, Copy)]
pub struct ProcessPayment;

#[tasker::async_trait]
impl StepHandler for ProcessPayment {
    async fn process(
        &self,
        task: &TaskView,
        sequence: &Sequence,
        step: &StepView,
    ) -> Result<Value, StepError> {
        let missing = || StepError::permanent("the order has no total").with_code("NO_TOTAL");
        let total = sequence.results("fetch_order", "total").ok_or_else(missing)?;
        if step.inputs()["gateway"] == "down" {
            let wait = Duration::from_secs(30);
            return Err(StepError::retryable("the gateway is down")
                .after(wait)
                .with_results(json!({ "asked": 1 })));
        }
        step.publish(
            "payment.processed",
            json!({ "order_id": task.context()["order_id"], "amount": total }),
        )?;
        step.publish_completed(json!({ "currency": step.handler_config()["currency"] }));
        Ok(json!({
            "amount_charged": total,
            "transaction_id": format!("txn_{}", step.id()),
            "attempt": step.attempt(),
            "earlier": step.earlier_results(),
        }))
    }

    fn custom_events(&self) -> Vec<CustomEvent> {
        vec![CustomEvent { name: "payment.processed".into(), description: "Money came in".into() }]
    }
}

fn payment() -> StepTest {
    StepTest::new(ProcessPayment)
        .context(json!({ "order_id": 1 }))
        .results("fetch_order", json!({ "total": 5 }))
}

#[tokio::test]
async fn a_handler_sees_what_a_task_would_give_it() {
    let id = StepId::new();
    let test = payment().config(json!({ "currency": "EUR" })).attempt(2).id(id);
    let run = test.earlier_results(json!({ "asked": 1 })).run().await;
    let transaction_id = format!("txn_{id}");
    let left = json!({ "amount_charged": 5, "transaction_id": transaction_id, "attempt": 2, "earlier": { "asked": 1 } });
    assert_eq!(run.results(), &left);
    assert_eq!(run.completed_extra(), Some(&json!({ "currency": "EUR" })));
}

#[tokio::test]
async fn a_failure_says_what_the_engine_would_make_of_it() {
    let run = StepTest::new(ProcessPayment).run().await;
    let (kind, code) = (run.error().kind, run.error().code.as_deref());
    assert_eq!((kind, code, run.may_retry()), (FailureKind::Permanent, Some("NO_TOTAL"), false));

    let run = payment().inputs(json!({ "gateway": "down" })).run().await;
    assert_eq!((run.error().message.as_str(), run.may_retry()), ("the gateway is down", true));
    assert_eq!(run.retry_after(), Some(Duration::from_secs(30)));
    assert_eq!(run.left(), Some(&json!({ "asked": 1 })));
    assert!(run.published("payment.processed").is_empty());
}

#[tokio::test]
async fn a_handler_runs_as_a_step_of_a_real_template() {
    let template = "config/tasks/order_process.yaml";
    let test = StepTest::new(ProcessPayment).of_template(template, "process_payment", &[]);
    let run = test.results("fetch_order", json!({ "total": 7 })).run().await;
    assert_eq!(run.results()["amount_charged"], 7);
}

struct Careless;

#[tasker::async_trait]
impl StepHandler for Careless {
    async fn process(&self, task: &TaskView, _: &Sequence, step: &StepView) -> Result<Value, StepError> {
        match task.context()["does"].as_str() {
            Some("panic") => panic!("oh"),
            Some("sleep") => std::future::pending().await,
            Some("publish") => step.publish("payment.processed", json!({})).map(|()| json!({})),
            _ => Ok(json!("\0")),
        }
    }
}

#[tokio::test]
async fn carelessness_is_found_before_a_task_runs() {
    let run = |does: &str| StepTest::new(Careless).context(json!({ "does": does }));
    let said = |run: StepRun| format!("{run:?}");
    assert_eq!(said(run("panic").run().await), "failed (panic): the handler panicked: oh");
    let slow = run("sleep").timeout(Duration::from_millis(5));
    assert_eq!(said(slow.run().await), "failed (timeout): the attempt took longer than its limit of 5ms");
    let undeclared = run("publish").run().await;
    assert_eq!(undeclared.error().code.as_deref(), Some("UNDECLARED_EVENT"));
    let declared = run("publish").declares("payment.processed").run().await;
    assert_eq!(declared.results(), &json!({}));
    assert_eq!(run("unstorable").run().await.error().code.as_deref(), Some("BAD_RESULTS"));
}

#[tokio::test]
#[should_panic(
    expected = "default/order_process@0.1.0 has no step \"proces_payment\"; it has fetch_order, validate_"
)]
async fn a_step_that_the_template_does_not_have_is_said_with_those_it_has() {
    drop(StepTest::new(ProcessPayment).of_template("config/tasks/order_process.yaml", "proces_payment", &[]));
}

#[tokio::test]
#[should_panic(expected = "the handler left no results: it failed (permanent): the order has no total")]
async fn results_of_a_failure_are_why_it_failed() {
    StepTest::new(ProcessPayment).run().await.results();
}
