//! An incident in PagerDuty for each task that failed, resolved when the task is.

use tasker::prelude::*;

/// Version 2 of PagerDuty's Events API.
pub const EVENTS_API: &str = "https://events.pagerduty.com/v2/enqueue";

pub struct PagerDuty {
    client: reqwest::Client,
    url: String,
    routing_key: String,
}

impl PagerDuty {
    pub fn new(url: &str, routing_key: String) -> Self {
        Self { client: crate::client(), url: url.to_owned(), routing_key }
    }

    /// One task is one incident, however often it fails.
    async fn enqueue(
        &self,
        action: &str,
        event: &WorkflowEvent,
        payload: Value,
    ) -> Result<(), SubscriberError> {
        let body = json!({
            "routing_key": self.routing_key,
            "event_action": action,
            "dedup_key": format!("tasker-{}", event.task_id()),
            "payload": payload,
        });
        crate::send(self.client.post(&self.url), &body).await
    }
}

#[tasker::async_trait]
impl EventSubscriber for PagerDuty {
    fn name(&self) -> &str {
        "pagerduty"
    }

    fn subscribe_to(&self) -> Patterns {
        ["task.failed", "task.completed", "task.cancelled", "task.resolved_manually"].into()
    }

    async fn on_task_failed(&self, event: &WorkflowEvent) -> Result<(), SubscriberError> {
        let error = event.error();
        let message = error.as_ref().map_or("unknown error", |error| &error.message);
        let payload = json!({
            "summary": format!("{} failed: {message}", event.task_name()),
            "source": "tasker",
            "severity": "error",
            "timestamp": event.occurred_at().to_rfc3339(),
            "component": format!("{}/{}", event.namespace(), event.task_name()),
            "class": error.as_ref().map(|error| error.category.as_str()),
            "custom_details": event.payload(),
        });
        self.enqueue("trigger", event, payload).await
    }

    /// Settled, in one way or another. Where there was no incident, PagerDuty ignores it.
    async fn on_event(&self, event: &WorkflowEvent) -> Result<(), SubscriberError> {
        self.enqueue("resolve", event, Value::Null).await
    }
}
