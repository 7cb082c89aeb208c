//! The recipes of the guide: a task handler, a step handler and a subscriber, each tested by itself.

use std::sync::Mutex;

use tasker::{
    app::Tasker,
    model::status::Status,
    prelude::*,
    samples,
    testing::{self, EventTest, StepTest, TestKit},
};

use super::steps::ProcessPayment;

const ORDER_PROCESS: &str = "config/tasks/order_process.yaml";

#[tokio::test]
async fn a_task_is_created_with_its_steps_as_the_template_has_them() -> testing::Result {
    let kit = TestKit::of(samples::handlers(Tasker::builder())).template_file(ORDER_PROCESS).start().await?;
    let task = kit.create("order_process", json!({ "order_id": 12345, "customer_id": 67890 })).await?;

    let order = kit.task(task).await?;
    assert_eq!(order.steps().count(), 5);
    assert!(order.step_names().contains(&"process_payment".to_owned()));
    assert_eq!(order.context()["priority"], "normal", "the task handler adds it");

    let payment = order.step("process_payment");
    assert_eq!(payment.depends_on(), ["validate_inventory"]);
    assert_eq!((payment.retry_limit(), payment.template().retryable), (2, true));
    Ok(())
}

#[tokio::test]
async fn the_real_handlers_process_an_order_from_end_to_end() -> testing::Result {
    let kit = TestKit::of(samples::handlers(Tasker::builder())).template_file(ORDER_PROCESS).start().await?;
    let order = kit.run("order_process", json!({ "order_id": 1, "customer_id": 2 })).await?;

    order.assert_complete();
    assert!(order.steps().all(|step| step.status() == Status::Complete));
    assert_eq!(order.step("process_payment").results()["status"], "completed");
    assert_eq!(order.published("payment.processed")[0]["payment_amount"], 20.0);
    Ok(())
}

#[tokio::test]
async fn a_step_handler_charges_and_says_so() {
    let test =
        StepTest::new(ProcessPayment).context(json!({ "order_id": 123, "payment_method": "credit_card" }));
    let run = test.results("fetch_order", json!({ "total": 99 })).run().await;

    assert_eq!(run.results()["amount_charged"], 99);
    assert_eq!(run.event_names(), ["payment.processed"]);
    assert_eq!(run.published("payment.processed"), [json!({ "order_id": 123, "amount": 99 })]);
}

/// Sends a letter for every task that is done: here, into a drawer.
#[derive(Default)]
struct Notification {
    letters: Mutex<Vec<String>>,
}

#[tasker::async_trait]
impl EventSubscriber for Notification {
    fn name(&self) -> &str {
        "notification"
    }

    fn subscribe_to(&self) -> Patterns {
        ["task.completed", "payment.*"].into()
    }

    async fn on_task_completed(&self, event: &WorkflowEvent) -> Result<(), SubscriberError> {
        let seconds: f64 = event.get("execution_duration", 0.0)?;
        let letter = format!("Task Completed: {} in {seconds:.1} s", event.task_name());
        self.letters.lock().expect("nobody panicked").push(letter);
        Ok(())
    }

    async fn on_event(&self, event: &WorkflowEvent) -> Result<(), SubscriberError> {
        let amount: f64 = event.get("payment_amount", 0.0)?;
        self.letters.lock().expect("nobody panicked").push(format!("{amount} came in"));
        Ok(())
    }
}

#[tokio::test]
async fn a_subscriber_sends_its_letter() -> Result<(), SubscriberError> {
    let notification = Notification::default();
    let event = EventTest::named("task.completed").task("order_process");
    event.payload(json!({ "execution_duration": 45.2 })).tell(&notification).await?;
    assert_eq!(notification.letters.into_inner()?, ["Task Completed: order_process in 45.2 s"]);
    Ok(())
}

#[tokio::test]
async fn a_subscriber_hears_of_what_really_happened_to_a_task() -> testing::Result {
    let kit = TestKit::of(samples::handlers(Tasker::builder())).template_file(ORDER_PROCESS).start().await?;
    let order = kit.run("order_process", json!({ "order_id": 1, "customer_id": 2 })).await?;

    let notification = Notification::default();
    assert_eq!(order.tell(&notification).await.expect("it can read them"), 2);
    let letters = notification.letters.into_inner().expect("nobody panicked");
    assert_eq!(letters, ["20 came in", "Task Completed: order_process in 0.0 s"]);
    Ok(())
}

#[tokio::test]
#[should_panic(
    expected = "notification does not hear of task.failed: it subscribes to [\"task.completed\", \"payment.*\"]"
)]
async fn a_subscriber_is_not_told_of_what_it_does_not_subscribe_to() {
    let _ = EventTest::named("task.failed").tell(&Notification::default()).await;
}
