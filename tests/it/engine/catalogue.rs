//! The catalogue is right: each of Tasker's own events happens, and carries what it says, no more and no less.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use futures_util::FutureExt;
use serde_json::{Value, json};
use tasker::{
    auth::Subject,
    data::log,
    events::{Heard, Listener},
    model::{
        event::{Event, EventName},
        id::TaskId,
        namespaces::Namespaces,
        task::Command,
    },
    orchestration::TaskRequest,
};

use crate::{
    app::TestApp,
    place::Place,
    script::{hangs, ok, panics, permanent, retry, retry_after},
};

on_both_databases![
    every_event_happens_and_carries_what_the_catalogue_says,
    what_a_key_has_no_value_for_is_left_out,
];

const WORK: &str = "
name: work
custom_events: [{ name: order.seen, description: somebody looked }]
backoff: { default_backoff_seconds: [5], jitter_max_percentage: 0 }
step_templates:
  - { name: one, handler_class: One, default_retry_limit: 2 }
  - { name: two, handler_class: Two, depends_on_step: one, skippable: true }
---
name: abroad
step_templates:
  - { name: away, handler_class: remote.Away }
  - { name: nap, handler_class: tasker.sleep, handler_config: { seconds: 3 } }
---
name: hasty
timeout_seconds: 7
step_templates: [{ name: only, handler_class: Only }]
---
name: later
delay_seconds: 500
concurrent: false
step_templates: [{ name: only, handler_class: Only }]
---
name: once
step_templates: [{ name: careful, handler_class: Careful, default_retryable: false }]
";

/// Everything that was told, in the log and beside it, held against the catalogue.
struct Auditor {
    schemas: BTreeMap<String, jsonschema::Validator>,
    seen: BTreeSet<String>,
    wrong: Vec<String>,
    listener: Listener,
    position: i64,
}

impl Auditor {
    fn of(app: &TestApp) -> Self {
        let everywhere = Namespaces::ALL;
        let all = app.engine.catalogue().within(&everywhere);
        let schema = |schema: &Value| {
            jsonschema::options().should_validate_formats(true).build(schema).expect("a schema")
        };
        Self {
            schemas: all.map(|event| (event.name, schema(&event.payload_schema))).collect(),
            seen: BTreeSet::new(),
            wrong: Vec::new(),
            listener: app.engine.local().listen(),
            position: 0,
        }
    }

    /// Looks at what has been told since it looked last.
    async fn look(&mut self, app: &TestApp) {
        let filter = log::EventFilter::default();
        let events = log::after(&app.database, &filter, self.position, 100_000).await.expect("readable");
        for recorded in events {
            self.position = recorded.position;
            assert!(recorded.event.name.is_durable(), "{:?} is in the log", recorded.event.name);
            self.check(&recorded.event);
        }
        while let Some(Some(heard)) = self.listener.next().now_or_never() {
            let Heard::Event(event) = heard else { panic!("some were missed") };
            assert!(!event.name.is_durable(), "{:?} belongs in the log", event.name);
            self.check(&event);
        }
    }

    fn check(&mut self, event: &Event) {
        let (name, payload) = (event.name.as_str(), event.payload());
        let schema = self.schemas.get(name).unwrap_or_else(|| panic!("{name} is in no catalogue"));
        let wrong = schema.iter_errors(&payload).map(|error| format!("{name}: {error}: {payload}"));
        self.wrong.extend(wrong);
        self.seen.insert(name.to_owned());
    }

    /// The engine was started anew.
    fn follow(&mut self, app: &TestApp) {
        self.listener = app.engine.local().listen();
    }
}

async fn every_event_happens_and_carries_what_the_catalogue_says(place: Place) {
    let mut app = TestApp::start(place, WORK).await;
    let mut auditor = Auditor::of(&app);

    // It succeeds, after a retry by the formula and one that a server asked for, and says more than it must.
    app.handler("One").answers([
        retry("network down"),
        ok(json!({}))
            .publishing("order.seen", json!({"by": "ada"}))
            .completing_with(json!({"receipt": "r1", "execution_duration": "forged"})),
    ]);
    let done = app.run_task("work", json!({})).await;
    app.advance_secs(5.0).await;
    app.handler("Two").answers([retry_after("busy", 9), panics("oh"), ok(json!({}))]);
    app.run_task("work", json!({})).await;
    app.advance_secs(9.0).await;
    app.advance_secs(9.0).await;
    auditor.look(&app).await;

    // No attempt is left; somebody has it tried again, and again now; it is resolved.
    app.handler("One").answers([retry("a"), retry("b"), retry("c"), retry("d")]);
    let failed = app.run_task("work", json!({})).await;
    app.advance_secs(5.0).await;
    app.done(failed, Command::RetryTask { additional_attempts: Some(2) }).await;
    let step = app.step_id(failed, "one").await;
    app.done(failed, Command::RetryStep { step, additional_attempts: None }).await;
    app.done(failed, Command::UpdateStep { step, retry_limit: Some(9), inputs: Some(json!({})) }).await;
    app.done(failed, Command::UpdateTask { reason: Some("new".into()), tags: Some(vec![]) }).await;
    app.done(failed, Command::ResolveStep { step, results: None }).await;
    auditor.look(&app).await;

    // A task is resolved, another cancelled, and of a third every step.
    for command in [Command::ResolveTask, Command::CancelTask] {
        app.handler("One").answers([permanent("no")]);
        let task = app.run_task("work", json!({})).await;
        app.done(task, command).await;
    }
    app.handler("One").answers([permanent("no")]);
    let cancelled = app.run_task("work", json!({})).await;
    let step = app.step_id(cancelled, "one").await;
    app.done(cancelled, Command::CancelStep { step }).await;

    // Somebody cancels what has not begun, a step is bypassed, one sleeps, one waits for a worker, one takes too long.
    let waiting = app.run_task("later", json!({})).await;
    app.done(waiting, Command::CancelTask).await;
    let mut bypassing = TaskRequest::new("work", json!({}));
    bypassing.bypass_steps = vec!["two".into()];
    bypassing.request_id = Some("r".into());
    app.create(bypassing).await.expect("created");
    app.run_task("abroad", json!({})).await;
    app.handler("Only").answers([hangs()]);
    app.run_task("hasty", json!({})).await;
    app.advance_secs(100.0).await;
    app.let_go().await;
    auditor.look(&app).await;

    // An attempt is given back when its node stops, and when it dies; one must not be made twice.
    app.handler("One").answers([hangs(), hangs()]);
    app.handler("Careful").answers([hangs()]);
    app.run_task("work", json!({})).await;
    app.restart(Duration::ZERO).await;
    auditor.follow(&app);
    app.run_task("once", json!({})).await;
    app.crash().await;
    auditor.follow(&app);
    app.let_go().await;

    // An event from outside; then the task is deleted.
    let ada = Subject::named("ada");
    app.engine.publish_event(&ada, done, "order.seen", json!("twice")).await.expect("declared");
    auditor.look(&app).await;
    app.engine.delete_task(&ada, done, Some("old".into())).await.expect("settled");
    auditor.look(&app).await;

    assert!(auditor.wrong.is_empty(), "{}", auditor.wrong.join("\n"));
    let all: BTreeSet<String> =
        EventName::SYSTEM.iter().map(|name| (*name).to_owned()).chain(["order.seen".into()]).collect();
    let missing: Vec<&String> = all.difference(&auditor.seen).collect();
    assert!(missing.is_empty() && auditor.seen.len() == all.len(), "never seen: {missing:?}");
}

async fn payload(app: &TestApp, task: TaskId, name: &str) -> Value {
    let events = app.events(task).await;
    let found = events.into_iter().find(|one| one.event.name.as_str() == name);
    found.unwrap_or_else(|| panic!("no {name}")).event.payload()
}

/// So that a default takes its place.
async fn what_a_key_has_no_value_for_is_left_out(place: Place) {
    let app = TestApp::start(place, WORK).await;
    let task = app.run_task("later", json!({})).await;
    let (nobody, reason) = (Subject::anonymous(), None);
    app.engine.command(&nobody, task, Command::CancelTask, reason).await.expect("carried out");
    let cancelled = payload(&app, task, "task.cancelled").await;
    let keys: Vec<&String> = cancelled.as_object().expect("an object").keys().collect();
    insta::allow_duplicates! { insta::assert_debug_snapshot!(keys, @r#"
    [
        "completed_steps",
        "failed_steps",
        "task_id",
        "task_name",
        "timestamp",
        "total_execution_duration",
        "total_steps",
    ]
    "#) }
    let step = payload(&app, task, "step.cancelled").await;
    assert_eq!(step.get("reason"), None);
    let done = app.run_task("work", json!({})).await;
    let told = payload(&app, done, "task.completed").await;
    assert_eq!((&told["total_steps"], &told["completed_steps"]), (&json!(2), &json!(2)));
    assert!(told["execution_duration"].is_number(), "{told}");
}
