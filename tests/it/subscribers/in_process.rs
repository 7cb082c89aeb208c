//! Subscribers in this process: told what their node commits, and unable to hurt anybody.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use tasker::{
    events::{Around, Local, Subscribers},
    metrics::Metrics,
    model::{
        event::{Event, EventName},
        status::Status,
        time::Timestamp,
    },
    prelude::*,
};

use super::{
    hooks::{around, tell, until},
    recorder::{Bad, Recorder},
};
use crate::{
    app::TestApp,
    journal::desk::{Desk, number},
    place::Place,
};

const WORK: &str = "
name: work
custom_events: [{ name: order.fulfilled }]
step_templates: [{ name: only, handler_class: tasker.emit, handler_config: { event: order.fulfilled, payload: { order_id: 7 } } }]
";

on_both_databases![
    a_subscriber_is_told_everything_in_order_from_the_nodes_beginning_on,
    one_that_lags_far_behind_is_fed_from_the_table_and_misses_nothing,
    one_that_panics_fails_hangs_or_blocks_hurts_nobody,
    what_was_committed_before_the_node_stops_is_told,
];

async fn a_subscriber_is_told_everything_in_order_from_the_nodes_beginning_on(place: Place) {
    let app = TestApp::start(place, WORK).await;
    // Before anybody listens: the service starts its subscribers after its engine.
    let task = app.run_task("work", json!({})).await;
    let recorder = Recorder::default();
    let (running, _) = tell(app.engine.log(), vec![Arc::new(recorder.clone())], "");
    let second = app.run_task("work", json!({})).await;
    assert_eq!(app.status(second).await, Status::Complete);
    running.stop().await;
    let mut positions: Vec<i64> = Vec::new();
    for task in [task, second] {
        positions.extend(app.events(task).await.iter().map(|one| one.position));
    }
    assert_eq!(recorder.positions(), positions);
    let methods = recorder.methods();
    assert_eq!(methods.len() % 2, 0);
    assert_eq!(methods[..methods.len() / 2], methods[methods.len() / 2..]);
    insta::allow_duplicates! {
        insta::assert_snapshot!(methods[..methods.len() / 2].join(" "), @r"on_task_created on_event on_event on_order_fulfilled on_step_completed on_event");
    }
}

async fn one_that_lags_far_behind_is_fed_from_the_table_and_misses_nothing(place: Place) {
    const EVENTS: i64 = 12_000;
    let desk = Desk::open(&place.open().await).await;
    let gate = Gate::default();
    let (running, _) = tell(&desk.log, vec![Arc::new(gate.clone())], "");
    for _ in 0..EVENTS / 1_000 {
        let tasks = (0..1_000).map(|_| desk.new_task()).collect();
        desk.journal.create(tasks, Vec::new()).await.expect("created");
    }
    // Longer than a queue holds in memory.
    gate.open.add_permits(usize::try_from(EVENTS).expect("a number"));
    until("everything is told", || async { gate.recorder.positions().len() == 12_000 }).await;
    assert_eq!(gate.recorder.positions(), (1..=EVENTS).collect::<Vec<_>>());
    running.stop().await;
}

/// Waits at each event until it is let through.
#[derive(Clone)]
struct Gate {
    open: Arc<tokio::sync::Semaphore>,
    recorder: Recorder,
}

impl Default for Gate {
    fn default() -> Self {
        Self { open: Arc::new(tokio::sync::Semaphore::new(0)), recorder: Recorder::default() }
    }
}

#[tasker::async_trait]
impl EventSubscriber for Gate {
    fn name(&self) -> &str {
        "gate"
    }

    fn subscribe_to(&self) -> Patterns {
        ["task.created"].into()
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(100)
    }

    async fn on_task_created(&self, event: &WorkflowEvent) -> Result<(), SubscriberError> {
        self.open.acquire().await?.forget();
        self.recorder.on_task_created(event).await
    }
}

async fn one_that_panics_fails_hangs_or_blocks_hurts_nobody(place: Place) {
    let app = TestApp::start(place, WORK).await;
    let recorder = Recorder { only: Some("task.completed"), ..Recorder::default() };
    let own: Vec<Arc<dyn EventSubscriber>> = vec![
        Arc::new(Bad("panics")),
        Arc::new(Bad("fails")),
        Arc::new(Bad("hangs")),
        Arc::new(Bad("blocks")),
        Arc::new(recorder.clone()),
    ];
    let (_running, metrics) = tell(app.engine.log(), own, "");
    for _ in 0..20 {
        let task = app.run_task("work", json!({})).await;
        assert_eq!(app.status(task).await, Status::Complete);
    }
    until("the sound one has seen every task", || async { recorder.positions().len() == 20 }).await;
    let events =
        number(&app.database, "SELECT count(*) FROM tasker_workflow_events WHERE name <> 'order.fulfilled'")
            .await;
    for (name, outcome) in [("panics", "panicked"), ("fails", "failed"), ("hangs", "timed_out")] {
        let line =
            format!("tasker_subscriber_events_total{{subscriber=\"{name}\",outcome=\"{outcome}\"}} {events}");
        until(&line, || async { metrics.encode().contains(&line) }).await;
    }
}

async fn what_was_committed_before_the_node_stops_is_told(place: Place) {
    let desk = Desk::open(&place.open().await).await;
    let recorder = Recorder::default();
    let (running, _) = tell(&desk.log, vec![Arc::new(recorder.clone())], "");
    for _ in 0..50 {
        desk.create_one().await.expect("created");
    }
    running.stop().await;
    assert_eq!(recorder.positions(), (1..=50).collect::<Vec<_>>());
}

#[tokio::test]
async fn each_node_tells_its_own_subscribers_what_it_has_committed_itself() {
    let Some(place) = Place::postgres().await else { return };
    let database = place.open().await;
    let (first, second) = (Desk::open(&database).await, Desk::open(&database).await);
    let (one, other) = (Recorder::default(), Recorder::default());
    let (running_one, _) = tell(&first.log, vec![Arc::new(one.clone())], "");
    let (running_other, _) = tell(&second.log, vec![Arc::new(other.clone())], "");
    for turn in 0..60 {
        let desk = if turn % 3 == 0 { &second } else { &first };
        desk.create_one().await.expect("created");
    }
    running_one.stop().await;
    running_other.stop().await;
    assert_eq!((one.positions().len(), other.positions().len()), (40, 20));
    let mut all = [one.positions(), other.positions()].concat();
    all.sort_unstable();
    assert_eq!(all, (1..=60).collect::<Vec<_>>(), "together they have seen each event once");
}

#[tokio::test]
async fn a_subscriber_that_can_not_be_told_is_refused_at_the_start() {
    struct Named(&'static str, &'static str);

    #[tasker::async_trait]
    impl EventSubscriber for Named {
        fn name(&self) -> &str {
            self.0
        }

        fn subscribe_to(&self) -> Patterns {
            [self.1].into()
        }
    }

    let refused = |own: Vec<Arc<dyn EventSubscriber>>| {
        tasker::events::Subscribers::collect(own, Vec::new()).err().expect("refused").to_string()
    };
    insta::assert_snapshot!(refused(vec![Arc::new(Named("a b", "*"))]), @r#"a subscriber is called "a b"; a name is 1 to 64 letters, digits, `_`, `.` or `-`"#);
    insta::assert_snapshot!(refused(vec![Arc::new(Named("a", "task"))]), @r#"the subscriber a subscribes to "task": expected an event's name such as `task.completed`, its first segments such as `task.*`, or `*` for all"#);
    insta::assert_snapshot!(refused(vec![Arc::new(Named("a", "*")), Arc::new(Named("a", "*"))]), @r"two subscribers are called a; give one of them another name, in its `name()` or in subscribers.yaml");
}

/// Names what is told in its process alone, beside an event of the log.
#[derive(Clone, Default)]
struct Passing(Arc<std::sync::Mutex<Vec<(String, i64)>>>);

#[tasker::async_trait]
impl EventSubscriber for Passing {
    fn name(&self) -> &str {
        "passing"
    }

    fn subscribe_to(&self) -> Patterns {
        ["workflow.*", "task.created"].into()
    }

    async fn on_event(&self, event: &WorkflowEvent) -> Result<(), SubscriberError> {
        self.0.lock().expect("not poisoned").push((event.name().to_owned(), event.position()));
        Ok(())
    }
}

#[tokio::test]
async fn what_passes_in_one_process_is_told_to_who_names_it() {
    let desk = Desk::open(&Place::sqlite().open().await).await;
    let (local, metrics) = (Local::default(), Metrics::new());
    let (passing, all) = (Passing::default(), Recorder::default());
    let own: [Arc<dyn EventSubscriber>; 2] = [Arc::new(passing.clone()), Arc::new(all.clone())];
    let around = Around { local: local.clone(), ..around(&desk.log, &metrics) };
    let running = Subscribers::collect(own, Vec::new()).expect("sound").start(around).expect("started");
    desk.create_one().await.expect("created");
    let task = desk.task().await.about;
    local.tell(|| Event {
        name: EventName::TaskFinalized,
        occurred_at: Timestamp(0),
        task,
        step: None,
        from: None,
        to: None,
        actor: None,
        details: None,
    });
    let told = || passing.0.lock().expect("not poisoned").clone();
    until("it is told", || async { told().iter().any(|(name, _)| name == "workflow.task_finalized") }).await;
    running.stop().await;
    assert!(told().contains(&("workflow.task_finalized".to_owned(), 0)), "{:?}", told());
    assert!(told().iter().any(|(name, position)| name == "task.created" && *position > 0), "{:?}", told());
    assert!(!all.positions().contains(&0), "`*` is the log");
}
