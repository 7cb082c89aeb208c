//! Counts what happens, and how long it took, by workflow.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tasker::prelude::*;

/// How often, and for how long altogether.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Series {
    pub count: u64,
    pub time: Duration,
}

/// Counts events by their name and the name of the workflow. A clone counts into the same series.
#[derive(Debug, Clone, Default)]
pub struct MetricsSubscriber {
    series: Arc<Mutex<BTreeMap<(String, String), Series>>>,
}

impl MetricsSubscriber {
    /// What was counted until now, for whoever exports it.
    pub fn series(&self) -> BTreeMap<(String, String), Series> {
        self.series
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[tasker::async_trait]
impl EventSubscriber for MetricsSubscriber {
    fn name(&self) -> &str {
        "metrics"
    }

    fn subscribe_to(&self) -> Patterns {
        [
            "task.completed",
            "task.failed",
            "step.completed",
            "step.failed",
        ]
        .into()
    }

    /// Every event comes here that has no method of its own.
    async fn on_event(&self, event: &WorkflowEvent) -> Result<(), SubscriberError> {
        let key = (event.name().to_owned(), event.task_name().to_owned());
        let mut all = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        let series = all.entry(key).or_default();
        series.count += 1;
        series.time += event.duration().unwrap_or_default();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tasker::testing::EventTest;

    use super::*;

    #[tokio::test]
    async fn it_counts_events_and_adds_up_their_time() -> Result<(), SubscriberError> {
        let metrics = MetricsSubscriber::default();
        for name in [
            "task.completed",
            "task.failed",
            "step.completed",
            "step.failed",
        ] {
            let event = EventTest::named(name).task("order").step("pay", 1);
            let event = event.payload(json!({ "execution_duration": 1.5 }));
            event.tell(&metrics).await?;
            event.tell(&metrics).await?;
        }
        let series = metrics.series();
        assert_eq!(series.len(), 4);
        let twice = Series {
            count: 2,
            time: Duration::from_secs(3),
        };
        assert_eq!(series[&("task.completed".into(), "order".into())], twice);
        Ok(())
    }
}
