//! An issue in Sentry for each failure of a task or a step, grouped by template, step and kind.

use reqwest::Url;
use tasker::prelude::*;

pub struct Sentry {
    client: reqwest::Client,
    url: Url,
    key: String,
}

impl Sentry {
    /// From a DSN: `https://KEY@HOST/PROJECT`.
    pub fn new(dsn: &str) -> Option<Self> {
        let mut url = Url::parse(dsn).ok()?;
        let key = url.username().to_owned();
        let (prefix, project) = url.path().trim_end_matches('/').rsplit_once('/')?;
        if key.is_empty() || project.is_empty() {
            return None;
        }
        let path = format!("{prefix}/api/{project}/store/");
        url.set_path(&path);
        url.set_username("").ok()?;
        url.set_password(None).ok()?;
        Some(Self { client: crate::client(), url, key })
    }

    async fn capture(&self, event: &WorkflowEvent) -> Result<(), SubscriberError> {
        let error = event.error();
        let (message, kind) =
            error.as_ref().map_or(("unknown error", "unknown"), |error| (&error.message, &error.kind));
        let step = event.step_name();
        let body = json!({
            "event_id": event.id().simple().to_string(),
            "timestamp": event.occurred_at().to_rfc3339(),
            "platform": "other",
            "logger": "tasker",
            "level": "error",
            "message": message,
            // Not the task: a thousand tasks that fail alike are one issue.
            "fingerprint": ["tasker", event.name(), event.namespace(), event.task_name(), step, kind],
            "tags": {
                "component": "tasker", "namespace": event.namespace(), "task": event.task_name(), "step": step,
                "error.kind": kind, "error.category": error.as_ref().map(|error| error.category.as_str()),
            },
            "extra": event.payload(),
        });
        let sign = format!("Sentry sentry_version=7, sentry_client=tasker/1.0, sentry_key={}", self.key);
        crate::send(self.client.post(self.url.clone()).header("X-Sentry-Auth", sign), &body).await
    }
}

#[tasker::async_trait]
impl EventSubscriber for Sentry {
    fn name(&self) -> &str {
        "sentry"
    }

    fn subscribe_to(&self) -> Patterns {
        ["task.failed", "step.failed"].into()
    }

    async fn on_event(&self, event: &WorkflowEvent) -> Result<(), SubscriberError> {
        self.capture(event).await
    }
}
