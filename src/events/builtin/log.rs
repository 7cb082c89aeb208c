//! One structured line an event.

use async_trait::async_trait;
use tracing::Level;

use super::mask::masked;
use crate::{
    config::subscribers::LogSettings,
    events::{EventSubscriber, Patterns, SubscriberError, WorkflowEvent},
};

/// Writes events to the log, under the target `tasker::events`.
pub(in crate::events) struct LogSubscriber {
    pub(in crate::events) name: String,
    pub(in crate::events) settings: LogSettings,
}

/// The level of a line is fixed where it is written.
macro_rules! line {
    ($level:expr, $event:expr, $payload:expr) => {
        tracing::event!(
            target: "tasker::events",
            $level,
            event = $event.name(),
            position = $event.position(),
            namespace = $event.namespace(),
            task_id = %$event.task_id(),
            task_name = $event.task_name(),
            step_name = $event.step_name(),
            attempt = $event.attempt(),
            to_status = $event.to_status().map(|status| status.as_str()),
            actor = $event.actor(),
            payload = %$payload,
        )
    };
}

#[async_trait]
impl EventSubscriber for LogSubscriber {
    fn name(&self) -> &str {
        &self.name
    }

    // What it is told is in the settings.
    fn subscribe_to(&self) -> Patterns {
        ["*"].into()
    }

    async fn on_event(&self, event: &WorkflowEvent) -> Result<(), SubscriberError> {
        let payload = || masked(event.payload(), &self.settings.sensitive_keys);
        match self.settings.level {
            Level::ERROR => line!(Level::ERROR, event, payload()),
            Level::WARN => line!(Level::WARN, event, payload()),
            Level::INFO => line!(Level::INFO, event, payload()),
            Level::DEBUG => line!(Level::DEBUG, event, payload()),
            Level::TRACE => line!(Level::TRACE, event, payload()),
        }
        Ok(())
    }
}
