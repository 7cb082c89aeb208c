//! What an application's subscriber is: code for collateral concerns, such as logs, metrics and alerts.
//!
//! A subscriber is told what has happened, after it was committed. It can't slow or break a task: each has a queue and
//! a task of its own, and its errors, panics and delays are its own. What *must* happen for a workflow to be done is a
//! step, not a subscriber.

use std::time::Duration;

use async_trait::async_trait;

use super::WorkflowEvent;
use crate::model::event::EventName;

/// Why a subscriber could not do what it does with an event. It is counted and logged, and nothing else comes of it.
pub type SubscriberError = Box<dyn std::error::Error + Send + Sync>;

/// The events that a subscriber wants, by name: `task.completed`, `task.*`, or `*` for all.
///
/// ```
/// use tasker::events::Patterns;
///
/// let wanted: Patterns = ["task.completed", "step.*", "order.fulfilled"].into();
/// assert_eq!(wanted.as_slice().len(), 3);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Patterns(Vec<String>);

impl Patterns {
    /// As they were written; the service looks at them when it starts, and does not start with one that is none.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

impl<T: Into<String>, const N: usize> From<[T; N]> for Patterns {
    fn from(texts: [T; N]) -> Self {
        texts.into_iter().collect()
    }
}

impl<T: Into<String>> FromIterator<T> for Patterns {
    fn from_iter<I: IntoIterator<Item = T>>(texts: I) -> Self {
        Self(texts.into_iter().map(Into::into).collect())
    }
}

/// The trait, and the way from an event to its method, from one table.
macro_rules! event_subscriber {
    ($($variant:ident => $method:ident,)*) => {
        /// Is told of events of this node, in the order of the log, one at a time.
        ///
        /// An event goes to the method of its name: `task.completed` to `on_task_completed`. Where that is not
        /// written, and for events that handlers publish, it goes to [`on_event`](Self::on_event), which ignores it
        /// unless it is written. [`route!`](crate::route) gives custom events methods of their own.
        ///
        /// Every node tells its own subscribers what it has committed itself, so the counts of a fleet add up. An
        /// event is told at most once: what a process has not got to when it dies is not told again. For delivery
        /// that survives, configure a webhook.
        ///
        /// ```
        /// use tasker::prelude::*;
        ///
        /// struct Alerts;
        ///
        /// #[tasker::async_trait]
        /// impl EventSubscriber for Alerts {
        ///     fn name(&self) -> &str {
        ///         "alerts"
        ///     }
        ///
        ///     fn subscribe_to(&self) -> Patterns {
        ///         ["task.failed", "order.fulfilled"].into()
        ///     }
        ///
        ///     async fn on_task_failed(&self, event: &WorkflowEvent) -> Result<(), SubscriberError> {
        ///         let message: String = event.get("error_message", "unknown error".to_owned())?;
        ///         println!("task {} failed: {message}", event.task_id());
        ///         Ok(())
        ///     }
        ///
        ///     async fn on_event(&self, event: &WorkflowEvent) -> Result<(), SubscriberError> {
        ///         tasker::route!(self, event, on_order_fulfilled)
        ///     }
        /// }
        ///
        /// impl Alerts {
        ///     async fn on_order_fulfilled(&self, event: &WorkflowEvent) -> Result<(), SubscriberError> {
        ///         println!("order {} is fulfilled", event.get("order_id", 0)?);
        ///         Ok(())
        ///     }
        /// }
        /// ```
        #[async_trait]
        pub trait EventSubscriber: Send + Sync + 'static {
            /// What it is called in logs and metrics; unique in a program. Letters, digits, `_`, `.` and `-`.
            fn name(&self) -> &str;

            /// Which events it wants, by name.
            fn subscribe_to(&self) -> Patterns;

            /// Which of these it wants, looking at the event itself. It must answer at once.
            fn wants(&self, event: &WorkflowEvent) -> bool {
                let _ = event;
                true
            }

            /// How long it may take for one event; then it is interrupted at its next `.await`.
            fn timeout(&self) -> Duration {
                Duration::from_secs(10)
            }

            /// Whatever has no method of its own.
            async fn on_event(&self, event: &WorkflowEvent) -> Result<(), SubscriberError> {
                let _ = event;
                Ok(())
            }

            $(
                #[doc = concat!("`", stringify!($variant), "`; see [`EventName::", stringify!($variant), "`].")]
                async fn $method(&self, event: &WorkflowEvent) -> Result<(), SubscriberError> {
                    self.on_event(event).await
                }
            )*
        }

        /// Tells `subscriber` of an event by the method of its name.
        pub async fn tell(
            subscriber: &dyn EventSubscriber,
            event: &WorkflowEvent,
        ) -> Result<(), SubscriberError> {
            // Without a wildcard: an event that has no method does not compile.
            match event.event_name() {
                $(EventName::$variant => subscriber.$method(event).await,)*
                EventName::Custom(_) => subscriber.on_event(event).await,
            }
        }

        #[cfg(test)]
        const METHODS: &[(EventName, &str)] = &[$((EventName::$variant, stringify!($method))),*];
    };
}

event_subscriber! {
    TaskCreated => on_task_created,
    TaskStarted => on_task_started,
    TaskCompleted => on_task_completed,
    TaskFailed => on_task_failed,
    TaskRetryRequested => on_task_retry_requested,
    TaskCancelled => on_task_cancelled,
    TaskResolvedManually => on_task_resolved_manually,
    TaskUpdated => on_task_updated,
    TaskDeleted => on_task_deleted,
    StepStarted => on_step_started,
    StepCompleted => on_step_completed,
    StepFailed => on_step_failed,
    StepRetryScheduled => on_step_retry_scheduled,
    StepMaxRetriesReached => on_step_max_retries_reached,
    StepRetryRequested => on_step_retry_requested,
    StepCancelled => on_step_cancelled,
    StepResolvedManually => on_step_resolved_manually,
    StepUpdated => on_step_updated,
    StepReleased => on_step_released,
    StepAwaitingWorker => on_step_awaiting_worker,
    ViableStepsDiscovered => on_workflow_viable_steps_discovered,
    TaskFinalized => on_workflow_task_finalized,
    TaskEnqueued => on_observability_task_enqueued,
    StepBackoff => on_observability_step_backoff,
}

/// The method that an event of this name goes to: `order.fulfilled` to `on_order_fulfilled`.
pub fn method(name: &str) -> String {
    let words = name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' });
    "on_".chars().chain(words).collect()
}

/// Routes custom events to methods by their names: in `on_event`,
/// `route!(self, event, on_order_fulfilled, on_payment_processed)` calls `self.on_order_fulfilled(event)` for
/// `order.fulfilled`, and ignores what has no method here.
#[macro_export]
macro_rules! route {
    ($subscriber:expr, $event:expr, $($method:ident),+ $(,)?) => {{
        let method = $crate::events::subscriber::method($event.name());
        match method.as_str() {
            $(own if own == stringify!($method) => $subscriber.$method($event).await,)+
            _ => Ok(()),
        }
    }};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_of_the_system_goes_to_the_method_of_its_name() {
        let methods: Vec<String> = EventName::SYSTEM.iter().map(|name| method(name)).collect();
        let told: Vec<&str> = METHODS.iter().map(|(_, method)| *method).collect();
        assert_eq!(told, methods);
        for (name, own) in METHODS {
            assert_eq!(method(name.as_str()), *own);
        }
    }

    #[test]
    fn a_custom_event_has_a_method_by_the_same_rule() {
        assert_eq!(method("order.fulfilled"), "on_order_fulfilled");
        assert_eq!(method("order.part-shipped"), "on_order_part_shipped");
    }
}
