//! Says what happens, to whoever wants to hear it.

use tasker::prelude::*;

/// Makes a message of each event, and hands it to a function of the application.
pub struct NotificationSubscriber {
    send: Box<dyn Fn(String) + Send + Sync>,
}

impl NotificationSubscriber {
    /// `send` must not block: hand what takes long to a queue.
    pub fn new(send: impl Fn(String) + Send + Sync + 'static) -> Self {
        Self {
            send: Box::new(send),
        }
    }
}

#[tasker::async_trait]
impl EventSubscriber for NotificationSubscriber {
    fn name(&self) -> &str {
        "notification"
    }

    fn subscribe_to(&self) -> Patterns {
        [
            "task.completed",
            "task.failed",
            "step.failed",
            "task.cancelled",
            "order.fulfilled",
            "payment.processed",
        ]
        .into()
    }

    async fn on_task_completed(&self, event: &WorkflowEvent) -> Result<(), SubscriberError> {
        let task = event.task_name();
        let seconds: f64 = event.get("execution_duration", 0.0)?;
        (self.send)(format!("task {task} completed after {seconds:.1} s"));
        Ok(())
    }

    async fn on_task_failed(&self, event: &WorkflowEvent) -> Result<(), SubscriberError> {
        let task = event.task_name();
        let message: String = event.get("error_message", "unknown error".to_owned())?;
        (self.send)(format!("task {task} failed: {message}"));
        Ok(())
    }

    async fn on_step_failed(&self, event: &WorkflowEvent) -> Result<(), SubscriberError> {
        let step = event.step_name().unwrap_or("a step");
        let message: String = event.get("error_message", "unknown error".to_owned())?;
        (self.send)(format!("step {step} failed: {message}"));
        Ok(())
    }

    async fn on_task_cancelled(&self, event: &WorkflowEvent) -> Result<(), SubscriberError> {
        let task = event.task_name();
        (self.send)(format!("task {task} cancelled"));
        Ok(())
    }

    /// Events of handlers go to the methods of their names.
    async fn on_event(&self, event: &WorkflowEvent) -> Result<(), SubscriberError> {
        tasker::route!(self, event, on_order_fulfilled, on_payment_processed)
    }
}

impl NotificationSubscriber {
    async fn on_order_fulfilled(&self, event: &WorkflowEvent) -> Result<(), SubscriberError> {
        (self.send)(format!("{}: {}", event.name(), event.payload()));
        Ok(())
    }

    async fn on_payment_processed(&self, event: &WorkflowEvent) -> Result<(), SubscriberError> {
        (self.send)(format!("{}: {}", event.name(), event.payload()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tasker::testing::EventTest;

    use super::*;

    /// What it says of an event.
    async fn said(event: EventTest) -> Result<Vec<String>, SubscriberError> {
        let messages = Arc::new(Mutex::new(Vec::new()));
        let heard = messages.clone();
        let subscriber =
            NotificationSubscriber::new(move |message| heard.lock().unwrap().push(message));
        event.tell(&subscriber).await?;
        let messages = messages.lock().unwrap().clone();
        Ok(messages)
    }

    #[tokio::test]
    async fn it_tells_of_task_completed() -> Result<(), SubscriberError> {
        let event = EventTest::named("task.completed").task("order");
        let event = event.payload(json!({ "execution_duration": 1.25, "error_message": "no" }));
        assert_eq!(said(event).await?, ["task order completed after 1.2 s"]);
        Ok(())
    }

    #[tokio::test]
    async fn it_tells_of_task_failed() -> Result<(), SubscriberError> {
        let event = EventTest::named("task.failed").task("order");
        let event = event.payload(json!({ "execution_duration": 1.25, "error_message": "no" }));
        assert_eq!(said(event).await?, ["task order failed: no"]);
        Ok(())
    }

    #[tokio::test]
    async fn it_tells_of_step_failed() -> Result<(), SubscriberError> {
        let event = EventTest::named("step.failed").task("order").step("pay", 1);
        let event = event.payload(json!({ "execution_duration": 1.25, "error_message": "no" }));
        assert_eq!(said(event).await?, ["step pay failed: no"]);
        Ok(())
    }

    #[tokio::test]
    async fn it_tells_of_task_cancelled() -> Result<(), SubscriberError> {
        let event = EventTest::named("task.cancelled").task("order");
        let event = event.payload(json!({ "execution_duration": 1.25, "error_message": "no" }));
        assert_eq!(said(event).await?, ["task order cancelled"]);
        Ok(())
    }

    #[tokio::test]
    async fn it_tells_of_order_fulfilled() -> Result<(), SubscriberError> {
        let event = EventTest::named("order.fulfilled").payload(json!({ "reference": 7 }));
        let messages = said(event).await?;
        assert_eq!(messages.len(), 1);
        assert!(messages[0].starts_with("order.fulfilled: "), "{messages:?}");
        assert!(messages[0].contains(r#""reference":7"#), "{messages:?}");
        Ok(())
    }

    #[tokio::test]
    async fn it_tells_of_payment_processed() -> Result<(), SubscriberError> {
        let event = EventTest::named("payment.processed").payload(json!({ "reference": 7 }));
        let messages = said(event).await?;
        assert_eq!(messages.len(), 1);
        assert!(
            messages[0].starts_with("payment.processed: "),
            "{messages:?}"
        );
        assert!(messages[0].contains(r#""reference":7"#), "{messages:?}");
        Ok(())
    }
}
