//! Counters of events, for `/metrics`. How long tasks and attempts take is there without it.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;

use crate::{
    config::subscribers::MetricsSettings,
    events::{EventSubscriber, Patterns, SubscriberError, WorkflowEvent},
    metrics::{
        Metrics,
        subscribers::{ByEvent, Name},
    },
};

/// What is beyond the known names.
const OTHER: &str = "other";

/// Counts events by name and template.
pub(in crate::events) struct MetricsSubscriber {
    name: String,
    metrics: Metrics,
    events: HashSet<Arc<str>>,
    templates: HashSet<(Arc<str>, Arc<str>)>,
    used: Mutex<HashSet<ByEvent>>,
    room: usize,
}

impl MetricsSubscriber {
    /// `events` are the names of the events that are declared; `templates` the namespaces and names of the templates
    /// that are loaded.
    pub(in crate::events) fn new(
        name: String,
        settings: &MetricsSettings,
        metrics: Metrics,
        events: &[String],
        templates: &[(String, String)],
    ) -> Self {
        let pair = |(namespace, name): &(String, String)| (namespace.as_str().into(), name.as_str().into());
        let events = events.iter().map(|name| name.as_str().into()).collect();
        let templates = templates.iter().map(pair).collect();
        Self { name, metrics, events, templates, used: Mutex::default(), room: settings.max_series }
    }

    /// Names that are known, as far as there is room for another series.
    fn labels(&self, event: &WorkflowEvent) -> ByEvent {
        let labels = |name: Arc<str>, (namespace, template): (Arc<str>, Arc<str>)| ByEvent {
            name: Name(name),
            namespace: Name(namespace),
            template: Name(template),
        };
        let others = || (Arc::from(OTHER), Arc::from(OTHER));
        let name: Arc<str> = event.name().into();
        let pair = (event.namespace().into(), event.task_name().into());
        let name = if self.events.contains(&name) { name } else { OTHER.into() };
        let wanted = labels(name, if self.templates.contains(&pair) { pair } else { others() });
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.contains(&wanted) {
            return wanted;
        }
        if used.len() >= self.room {
            return labels(OTHER.into(), others());
        }
        used.insert(wanted.clone());
        wanted
    }
}

#[async_trait]
impl EventSubscriber for MetricsSubscriber {
    fn name(&self) -> &str {
        &self.name
    }

    // What it is told is in the settings.
    fn subscribe_to(&self) -> Patterns {
        ["*"].into()
    }

    async fn on_event(&self, event: &WorkflowEvent) -> Result<(), SubscriberError> {
        self.metrics.subscribers().counted_events.get_or_create(&self.labels(event)).inc();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        event::{Event, EventName, EventTask, Recorded},
        id::TaskId,
        time::Timestamp,
    };

    fn event(name: &str, template: &str) -> WorkflowEvent {
        let task = EventTask { id: TaskId::new(), namespace: "shop".into(), name: template.into() };
        let event = Event {
            name: EventName::parse(name),
            occurred_at: Timestamp(0),
            task,
            step: None,
            from: None,
            to: None,
            actor: None,
            details: None,
        };
        Recorded { position: 1, event }.into()
    }

    #[tokio::test]
    async fn labels_are_names_that_are_declared_and_no_more_than_there_is_room_for() {
        let metrics = Metrics::new();
        let events = ["task.completed", "order.fulfilled", "order.paid"].map(str::to_owned);
        let templates = ["a", "b"].map(|name| ("shop".to_owned(), name.to_owned()));
        let settings = MetricsSettings { max_series: 4 };
        let own = MetricsSubscriber::new("m".into(), &settings, metrics.clone(), &events, &templates);
        for (name, template) in [
            ("task.completed", "a"),
            ("task.completed", "b"),
            ("task.completed", "c"),
            ("order.paid", "a"),
            ("order.fulfilled", "a"),
            ("invented.by.a.caller", "a"),
        ] {
            own.on_event(&event(name, template)).await.expect("counted");
        }
        let page = metrics.encode();
        let mut lines: Vec<&str> =
            page.lines().filter(|line| line.starts_with("tasker_events_total")).collect();
        lines.sort_unstable();
        insta::assert_snapshot!(lines.join("\n"), @r#"
    tasker_events_total{name="order.paid",namespace="shop",template="a"} 1
    tasker_events_total{name="other",namespace="other",template="other"} 2
    tasker_events_total{name="task.completed",namespace="other",template="other"} 1
    tasker_events_total{name="task.completed",namespace="shop",template="a"} 1
    tasker_events_total{name="task.completed",namespace="shop",template="b"} 1
    "#);
    }
}
