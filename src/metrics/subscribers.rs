//! What subscribers count, and what is counted about them.
//!
//! Their labels are names: those of the configured subscribers, of the events that are declared, and of the templates
//! that are loaded. Who counts sees to it that there are no others, and not too many.

use std::{fmt, fmt::Write, sync::Arc, sync::atomic::AtomicU64};

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

/// A name as a label.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name(pub Arc<str>);

impl EncodeLabelValue for Name {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        encoder.write_str(&self.0)
    }
}

/// What came of an event for a subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// It was told of it, or the webhook took it.
    Told,
    /// It answered with an error; a webhook's is tried again.
    Failed,
    /// It panicked.
    Panicked,
    /// It took too long.
    TimedOut,
    /// It was given up.
    Dropped,
}

impl Fate {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Told, Self::Failed, Self::Panicked, Self::TimedOut, Self::Dropped];
}

impl EncodeLabelValue for Fate {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        encoder.write_str(match self {
            Self::Told => "told",
            Self::Failed => "failed",
            Self::Panicked => "panicked",
            Self::TimedOut => "timed_out",
            Self::Dropped => "dropped",
        })
    }
}

/// Of one subscriber.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct BySubscriber {
    /// Which.
    pub subscriber: Name,
}

/// Of one subscriber's events.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByFate {
    /// Which subscriber.
    pub subscriber: Name,
    /// What came of them.
    pub outcome: Fate,
}

/// Of events.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByEvent {
    /// The event's name.
    pub name: Name,
    /// The namespace of the task's template.
    pub namespace: Name,
    /// The name of the task's template.
    pub template: Name,
}

/// Instruments whose series appear when there is something to count.
#[derive(Debug)]
pub struct Subscribers {
    /// What came of events.
    pub events: Family<ByFate, Counter>,
    /// Events that wait for a subscriber.
    pub lag_events: Family<BySubscriber, Gauge>,
    /// How old the oldest of them is.
    pub lag_seconds: Family<BySubscriber, Gauge<f64, AtomicU64>>,
    /// Tasks whose deliveries are parked.
    pub parked_tasks: Family<BySubscriber, Gauge>,
    /// Counted by a subscriber of type `metrics`: events, by name and template.
    pub counted_events: Family<ByEvent, Counter>,
}

impl Subscribers {
    /// Counts what came of a subscriber's events.
    pub fn count(&self, subscriber: &Arc<str>, outcome: Fate, events: u64) {
        let by = ByFate { subscriber: Name(subscriber.clone()), outcome };
        self.events.get_or_create(&by).inc_by(events);
    }

    pub(super) fn register(registry: &mut Registry) -> Self {
        let own = Self {
            events: Family::default(),
            lag_events: Family::default(),
            lag_seconds: Family::default(),
            parked_tasks: Family::default(),
            counted_events: Family::default(),
        };
        let told = "Events that subscribers were told of, by what came of it";
        registry.register("subscriber_events", told, own.events.clone());
        let lag = "Events of the log that a subscriber has not got to";
        registry.register("subscriber_lag_events", lag, own.lag_events.clone());
        let age = "How long ago the oldest of them happened";
        registry.register_with_unit("subscriber_lag", age, Unit::Seconds, own.lag_seconds.clone());
        let parked = "Tasks whose deliveries to a webhook are parked";
        registry.register("subscriber_parked_tasks", parked, own.parked_tasks.clone());
        let events = "Events that this node has committed, by name and template";
        registry.register("events", events, own.counted_events.clone());
        own
    }
}
