//! A message in a Slack channel for each task that failed, and for each order that was fulfilled.

use tasker::prelude::*;

pub struct Slack {
    client: reqwest::Client,
    url: String,
}

impl Slack {
    /// `url` is that of an incoming webhook of Slack's.
    pub fn new(url: String) -> Self {
        Self { client: crate::client(), url }
    }

    async fn say(&self, text: String) -> Result<(), SubscriberError> {
        crate::send(self.client.post(&self.url), &json!({ "text": text })).await
    }

    async fn on_order_fulfilled(&self, event: &WorkflowEvent) -> Result<(), SubscriberError> {
        let order: Value = event.get("order_id", Value::Null)?;
        self.say(format!(":package: order {order} is fulfilled")).await
    }
}

#[tasker::async_trait]
impl EventSubscriber for Slack {
    fn name(&self) -> &str {
        "slack"
    }

    fn subscribe_to(&self) -> Patterns {
        ["task.failed", "order.fulfilled"].into()
    }

    async fn on_task_failed(&self, event: &WorkflowEvent) -> Result<(), SubscriberError> {
        let message: Option<String> = event.get("error_message", None)?;
        let (name, task) = (event.task_name(), event.task_id());
        let message = escaped(message.as_deref().unwrap_or("unknown error"));
        self.say(format!(":red_circle: *{name}* failed: {message}\n`{task}`")).await
    }

    async fn on_event(&self, event: &WorkflowEvent) -> Result<(), SubscriberError> {
        tasker::route!(self, event, on_order_fulfilled)
    }
}

/// What somebody else wrote must not mention everybody.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
