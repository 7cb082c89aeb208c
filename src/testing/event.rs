//! One subscriber by itself: an event that is made up, told as the service would.

use serde_json::{Map, Value};

use crate::{
    events::{EventSubscriber, SubscriberError, WorkflowEvent, subscriber::tell},
    model::{
        event::{Event, EventName, EventStep, EventTask, Recorded},
        event_pattern::{EventPattern, EventPatterns},
        id::{StepId, TaskId},
        status::Status,
        time::Timestamp,
    },
};

/// The morning of 15 January 2027, unless the test says otherwise.
const MOMENT: Timestamp = Timestamp(1_800_000_000_000_000);

/// Collects what an event says.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use tasker::{prelude::*, testing::EventTest};
///
/// #[derive(Default)]
/// struct Completed(AtomicU64);
///
/// #[tasker::async_trait]
/// impl EventSubscriber for Completed {
///     fn name(&self) -> &str {
///         "completed"
///     }
///
///     fn subscribe_to(&self) -> Patterns {
///         ["task.completed"].into()
///     }
///
///     async fn on_task_completed(&self, _: &WorkflowEvent) -> Result<(), SubscriberError> {
///         self.0.fetch_add(1, Ordering::Relaxed);
///         Ok(())
///     }
/// }
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let completed = Completed::default();
/// let event = EventTest::named("task.completed").task("order_process").payload(json!({ "execution_duration": 45.2 }));
/// event.tell(&completed).await?;
/// assert_eq!(completed.0.into_inner(), 1);
/// # Ok::<(), SubscriberError>(()) }).unwrap();
/// ```
#[derive(Debug, Clone)]
#[must_use = "nobody is told of it before tell()"]
pub struct EventTest {
    event: Event,
}

impl EventTest {
    /// An event of this name, system or custom, about some task of the template `task` in the namespace `default`.
    pub fn named(name: &str) -> Self {
        let task = EventTask { id: TaskId::new(), namespace: "default".into(), name: "task".into() };
        Self {
            event: Event {
                name: EventName::parse(name),
                occurred_at: MOMENT,
                task,
                step: None,
                from: None,
                to: None,
                actor: None,
                details: None,
            },
        }
    }

    /// About a task of this template.
    pub fn task(mut self, name: &str) -> Self {
        self.event.task.name = name.into();
        self
    }

    /// About this very task.
    pub fn task_id(mut self, id: TaskId) -> Self {
        self.event.task.id = id;
        self
    }

    /// About a task of this namespace.
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.event.task.namespace = namespace.into();
        self
    }

    /// About this step of the task, in this attempt.
    pub fn step(mut self, name: &str, attempt: u32) -> Self {
        self.event.step = Some(EventStep { id: StepId::new(), name: name.into(), attempt });
        self
    }

    /// The status changed.
    pub const fn change(mut self, from: Status, to: Status) -> Self {
        self.event.from = Some(from);
        self.event.to = Some(to);
        self
    }

    /// Somebody asked for it.
    pub fn actor(mut self, name: &str) -> Self {
        self.event.actor = Some(name.into());
        self
    }

    /// When it happened.
    pub const fn at(mut self, moment: Timestamp) -> Self {
        self.event.occurred_at = moment;
        self
    }

    /// What else the event says: an object. What the methods above say is in the payload by itself (`task_id`,
    /// `task_name`, `step_id`, `step_name`, `attempt_number`, `timestamp`).
    ///
    /// # Panics
    ///
    /// When it is no object, or says one of these in its own way.
    #[track_caller]
    pub fn payload(mut self, details: Value) -> Self {
        const OWN: [&str; 6] =
            ["task_id", "task_name", "step_id", "step_name", "attempt_number", "timestamp"];
        let Value::Object(said) = details else { panic!("an event's payload is an object, not {details}") };
        if let Some(key) = OWN.iter().find(|key| said.contains_key(**key)) {
            panic!("{key} is in every payload by itself: say it with task(), task_id(), step() or at()");
        }
        let mut details = match self.event.details.take() {
            Some(Value::Object(details)) => details,
            _ => Map::new(),
        };
        details.extend(said);
        self.event.details = Some(Value::Object(details));
        self
    }

    /// The event.
    pub fn event(&self) -> WorkflowEvent {
        Recorded { position: 1, event: self.event.clone() }.into()
    }

    /// Tells a subscriber of it.
    ///
    /// # Panics
    ///
    /// When the subscriber does not subscribe to it: the service would never tell it.
    pub async fn tell(&self, subscriber: &dyn EventSubscriber) -> Result<(), SubscriberError> {
        let event = self.event();
        assert!(
            hears(subscriber, &event),
            "{} does not hear of {}: it subscribes to {:?}, and may refuse what it does not want",
            subscriber.name(),
            event.name(),
            subscriber.subscribe_to().as_slice()
        );
        tell(subscriber, &event).await
    }
}

/// Whether the service would tell it of this event.
///
/// # Panics
///
/// When a pattern is none: the service would not start.
pub(super) fn hears(subscriber: &dyn EventSubscriber, event: &WorkflowEvent) -> bool {
    let parse = |text: &String| match text.parse::<EventPattern>() {
        Ok(pattern) => pattern,
        Err(why) => panic!("{} subscribes to {text:?}: {why}", subscriber.name()),
    };
    let patterns = EventPatterns::new(subscriber.subscribe_to().as_slice().iter().map(parse).collect());
    patterns.admit(event.event_name()) && subscriber.wants(event)
}
