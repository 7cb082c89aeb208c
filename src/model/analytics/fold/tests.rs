use serde_json::json;

use super::*;
use crate::model::{
    event::{EventStep, EventTask},
    id::StepId,
    time::Timestamp,
};

struct Log {
    fold: Fold,
    task: EventTask,
    step: StepId,
    position: i64,
    now: i64,
}

impl Log {
    fn new() -> Self {
        let task = EventTask { id: TaskId::new(), namespace: "shop".into(), name: "order".into() };
        Self { fold: Fold::from(0), task, step: StepId::new(), position: 0, now: 1_800_000_000_000_000 }
    }

    fn task(&mut self, name: EventName, moved: (Option<Status>, Option<Status>), details: Value) {
        self.record(name, None, moved, details);
    }

    fn step(&mut self, name: EventName, moved: (Option<Status>, Option<Status>), details: Value) {
        let step = EventStep { id: self.step, name: "pay".into(), attempt: 1 };
        self.record(name, Some(step), moved, details);
    }

    fn record(
        &mut self,
        name: EventName,
        step: Option<EventStep>,
        (from, to): (Option<Status>, Option<Status>),
        details: Value,
    ) {
        self.position += 1;
        let event = Event {
            name,
            occurred_at: Timestamp(self.now),
            task: self.task.clone(),
            step,
            from,
            to,
            actor: None,
            details: Some(details),
        };
        self.fold.add(&Recorded { position: self.position, event });
    }
}

const NONE: (Option<Status>, Option<Status>) = (None, None);

/// A task of one step that fails once, is tried again, and completes in the next hour.
fn retried() -> Log {
    use Status::{Complete, InProgress, Pending};
    let mut log = Log::new();
    log.task(EventName::TaskCreated, (None, Some(Pending)), json!({ "version": "1.2.3", "total_steps": 1 }));
    log.task(EventName::TaskStarted, (Some(Pending), Some(InProgress)), json!({}));
    log.step(EventName::StepStarted, (Some(Pending), Some(InProgress)), json!({}));
    log.step(
        EventName::StepFailed,
        (Some(InProgress), Some(Pending)),
        json!({ "exception_class": "timeout" }),
    );
    log.step(EventName::StepRetryScheduled, NONE, json!({}));
    log.now += 3_600_000_000;
    log.step(EventName::StepStarted, (Some(Pending), Some(InProgress)), json!({}));
    log.step(
        EventName::StepCompleted,
        (Some(InProgress), Some(Complete)),
        json!({ "execution_duration": 0.25 }),
    );
    log.task(
        EventName::TaskCompleted,
        (Some(InProgress), Some(Complete)),
        json!({ "execution_duration": 1.5 }),
    );
    log
}

#[test]
fn a_task_is_counted_where_each_thing_happened() {
    let mut log = retried();
    assert_eq!(log.fold.position(), 8);
    let (cells, _) = log.fold.take();
    let hours: Vec<_> = cells.iter().filter(|(key, _)| key.size == Size::Hour).collect();
    let found = |at: usize, step: &str| {
        let mut moments: Vec<_> = hours.iter().map(|(key, _)| key.at).collect();
        moments.dedup();
        let of = |key: &Key| key.at == moments[at] && &*key.step == step && &*key.version == "1.2.3";
        &hours.iter().find(|(key, _)| of(key)).expect("a cell").1
    };
    assert_eq!(found(0, "").created, 1);
    let failed = found(0, "pay");
    assert_eq!((failed.failures, failed.retries, failed.error, failed.kinds["timeout"]), (1, 1, 0, 1));
    let done = found(1, "pay");
    assert_eq!((done.complete, done.attempts(), done.slowest[0].micros), (1, 1, 250_000));
    assert_eq!(done.slowest[0].step, Some(log.step.0));
    assert_eq!((found(1, "").complete, found(1, "").slowest[0].micros), (1, 1_500_000));
    assert_eq!(cells.len(), hours.len() * 2, "each in both sizes");
    assert!(log.fold.is_empty());
}

#[test]
fn totals_follow_every_transition_and_forget_what_is_deleted() {
    let mut log = retried();
    let (_, totals) = log.fold.take();
    let some = |list: &BTreeMap<Status, i64>| {
        list.iter().filter(|(_, count)| **count != 0).map(|(s, c)| (*s, *c)).collect::<Vec<_>>()
    };
    assert_eq!(some(&totals.tasks), [(Status::Complete, 1)]);
    assert_eq!(some(&totals.steps), [(Status::Complete, 1)]);
    log.task(EventName::TaskDeleted, (Some(Status::Complete), None), json!({ "steps": { "complete": 1 } }));
    let (_, totals) = log.fold.take();
    assert_eq!(some(&totals.tasks), [(Status::Complete, -1)]);
    assert_eq!(some(&totals.steps), [(Status::Complete, -1)]);
}

#[test]
fn a_version_that_was_not_seen_is_asked_for() {
    let mut log = Log::new();
    let event = |name| {
        let event = Event {
            name,
            occurred_at: Timestamp(0),
            task: log.task.clone(),
            step: None,
            from: None,
            to: None,
            actor: None,
            details: None,
        };
        Recorded { position: 1, event }
    };
    let events = [event(EventName::TaskCompleted), event(EventName::TaskUpdated)];
    assert_eq!(log.fold.unknown(&events), [log.task.id]);
    assert!(log.fold.unknown(&events[1..]).is_empty(), "nothing of it is counted");
    log.fold.learn([(log.task.id, "2.0.0".into())]);
    assert!(log.fold.unknown(&events).is_empty());
}

#[test]
fn what_a_handler_publishes_as_its_duration_need_not_be_one() {
    let mut log = Log::new();
    for nonsense in [json!("long"), json!(-1), json!(1e300), json!(null)] {
        log.step(EventName::StepCompleted, NONE, json!({ "execution_duration": nonsense }));
    }
    let (cells, _) = log.fold.take();
    assert!(cells.iter().all(|(_, cell)| cell.durations.count() == 0));
}
