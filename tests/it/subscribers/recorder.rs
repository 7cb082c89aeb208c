//! A subscriber that writes down what it is told, and one for each way to misbehave.

use std::sync::{Arc, Mutex};

use tasker::prelude::*;

/// Writes down the method and the event.
#[derive(Clone, Default)]
pub struct Recorder {
    pub told: Arc<Mutex<Vec<(String, WorkflowEvent)>>>,
    pub only: Option<&'static str>,
}

impl Recorder {
    fn note(&self, method: &str, event: &WorkflowEvent) -> Result<(), SubscriberError> {
        self.told.lock().expect("not poisoned").push((method.to_owned(), event.clone()));
        Ok(())
    }

    pub fn positions(&self) -> Vec<i64> {
        self.told.lock().expect("not poisoned").iter().map(|(_, event)| event.position()).collect()
    }

    pub fn methods(&self) -> Vec<String> {
        self.told.lock().expect("not poisoned").iter().map(|(method, _)| method.clone()).collect()
    }

    pub async fn on_order_fulfilled(&self, event: &WorkflowEvent) -> Result<(), SubscriberError> {
        self.note("on_order_fulfilled", event)
    }
}

#[tasker::async_trait]
impl EventSubscriber for Recorder {
    fn name(&self) -> &str {
        "recorder"
    }

    fn subscribe_to(&self) -> Patterns {
        ["*"].into()
    }

    fn wants(&self, event: &WorkflowEvent) -> bool {
        self.only.is_none_or(|only| event.name() == only)
    }

    async fn on_task_created(&self, event: &WorkflowEvent) -> Result<(), SubscriberError> {
        self.note("on_task_created", event)
    }

    async fn on_step_completed(&self, event: &WorkflowEvent) -> Result<(), SubscriberError> {
        self.note("on_step_completed", event)
    }

    async fn on_event(&self, event: &WorkflowEvent) -> Result<(), SubscriberError> {
        if event.category() == "custom" {
            return tasker::route!(self, event, on_order_fulfilled);
        }
        self.note("on_event", event)
    }
}

/// Answers each event in its own bad way.
pub struct Bad(pub &'static str);

#[tasker::async_trait]
impl EventSubscriber for Bad {
    fn name(&self) -> &str {
        self.0
    }

    fn subscribe_to(&self) -> Patterns {
        ["task.*", "step.*"].into()
    }

    fn timeout(&self) -> std::time::Duration {
        std::time::Duration::from_millis(1)
    }

    async fn on_event(&self, _: &WorkflowEvent) -> Result<(), SubscriberError> {
        match self.0 {
            "panics" => panic!("on purpose"),
            "fails" => Err("on purpose".into()),
            "hangs" => std::future::pending().await,
            // For good: no timeout reaches it.
            _ => loop {
                std::thread::park();
            },
        }
    }
}
