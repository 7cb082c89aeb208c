//! What is counted, held against the log: each fact once, in one place.

use std::{collections::BTreeMap, time::Duration};

use serde_json::json;
use tasker::{
    data::log::{self, EventFilter},
    model::{
        event::{EventName, Recorded},
        status::Status,
        task::Command,
    },
    orchestration::TaskRequest,
};

use crate::{
    app::TestApp,
    place::Place,
    script::{hangs, ok, panics, permanent, retry},
};

on_both_databases![the_counters_say_what_the_log_says];

const SHOP: &str = "
name: shop
namespace_name: eu
custom_events: [{ name: order.seen, description: somebody looked }]
step_templates:
  - { name: pay, handler_class: Pay, default_retry_limit: 3, backoff: { default_backoff_seconds: [1] } }
  - { name: nap, handler_class: tasker.sleep, depends_on_step: pay, handler_config: { seconds: 2 } }
  - { name: send, handler_class: Send, depends_on_step: nap, timeout_seconds: 5, default_retry_limit: 1 }
  - { name: tell, handler_class: Tell, depends_on_step: nap, skippable: true }
---
name: once
step_templates:
  - { name: a, handler_class: A }
  - { name: b, handler_class: remote.B, depends_on_step: a }
";

/// `name{labels}` and what the page says of it.
fn page(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let pair = |line: &str| {
        line.rsplit_once(' ').map(|(name, value)| (name.to_owned(), value.parse().expect("a number")))
    };
    lines.filter_map(pair).collect()
}

async fn the_counters_say_what_the_log_says(place: Place) {
    let app = TestApp::start(place, SHOP).await;
    app.handler("Pay").answers([
        retry("no network"),
        ok(json!({})).publishing("order.seen", json!({})),
        panics("upside down"),
        permanent("no money"),
    ]);
    app.handler("Send").answers([hangs(), ok(json!({}))]);
    let bypassing = TaskRequest {
        bypass_steps: vec!["tell".into()],
        namespace: Some("eu".into()),
        ..TaskRequest::new("shop", json!({}))
    };
    assert!(app.create(bypassing.clone()).await.is_ok());
    for _ in 0..3 {
        let whole = TaskRequest { bypass_steps: Vec::new(), ..bypassing.clone() };
        app.create(whole).await.expect("created");
    }
    app.create(TaskRequest { dry_run: true, ..bypassing }).await.expect("checked");
    let waiting = app.create_task("once", json!({})).await;
    app.run_until_idle().await;
    for _ in 0..12 {
        app.advance_secs(1.0).await;
    }
    app.let_go().await;
    let tasks: Vec<_> = events(&app).await.iter().map(|one| one.event.task.id).collect();
    app.done(waiting, Command::CancelTask).await;
    for task in tasks {
        if app.status(task).await == Status::Error {
            app.done(task, Command::RetryTask { additional_attempts: None }).await;
            app.advance(Duration::from_secs(3)).await;
        }
    }

    let log = events(&app).await;
    let text = app.engine.metrics().encode();
    let counted = page(&text);
    let count = |is: &dyn Fn(&Recorded) -> bool| log.iter().filter(|one| is(one)).count() as f64;
    let named = |name: EventName| count(&|one| one.event.name == name);
    let failed = |kind: &str| {
        count(&|one| {
            let class = one.event.details.as_ref().and_then(|details| details["exception_class"].as_str());
            one.event.name == EventName::StepFailed
                && one.event.from == Some(Status::InProgress)
                && class == Some(kind)
        })
    };
    let ran =
        |name: EventName| count(&|one| one.event.name == name && one.event.from == Some(Status::InProgress));
    let expected = [
        ("tasker_tasks_created_total", named(EventName::TaskCreated)),
        ("tasker_tasks_finished_total{status=\"complete\"}", named(EventName::TaskCompleted)),
        ("tasker_tasks_finished_total{status=\"error\"}", named(EventName::TaskFailed)),
        ("tasker_tasks_finished_total{status=\"cancelled\"}", named(EventName::TaskCancelled)),
        ("tasker_tasks_finished_total{status=\"resolved_manually\"}", named(EventName::TaskResolvedManually)),
        ("tasker_steps_started_total", named(EventName::StepStarted)),
        ("tasker_steps_finished_total{outcome=\"complete\"}", named(EventName::StepCompleted)),
        ("tasker_steps_finished_total{outcome=\"released\"}", named(EventName::StepReleased)),
        ("tasker_steps_finished_total{outcome=\"cancelled\"}", ran(EventName::StepCancelled)),
        ("tasker_steps_finished_total{outcome=\"retryable\"}", failed("retryable")),
        ("tasker_steps_finished_total{outcome=\"permanent\"}", failed("permanent")),
        ("tasker_steps_finished_total{outcome=\"panic\"}", failed("panic")),
        ("tasker_steps_finished_total{outcome=\"timeout\"}", failed("timeout")),
        ("tasker_step_retries_total", named(EventName::StepRetryScheduled)),
        ("tasker_steps_awaiting_worker_total", named(EventName::StepAwaitingWorker)),
        ("tasker_custom_events_total", named(EventName::parse("order.seen"))),
    ];
    for (name, expected) in expected {
        assert_eq!(counted.get(name), Some(&expected), "{name}\n{text}");
    }
    // What was played is worth counting.
    for (name, least) in [
        ("tasker_steps_finished_total{outcome=\"retryable\"}", 1.0),
        ("tasker_steps_finished_total{outcome=\"permanent\"}", 1.0),
        ("tasker_steps_finished_total{outcome=\"panic\"}", 1.0),
        ("tasker_steps_finished_total{outcome=\"timeout\"}", 1.0),
        ("tasker_tasks_finished_total{status=\"error\"}", 1.0),
        ("tasker_tasks_finished_total{status=\"complete\"}", 2.0),
        ("tasker_steps_awaiting_worker_total", 1.0),
        ("tasker_custom_events_total", 1.0),
    ] {
        assert!(counted[name] >= least, "{name} {}", counted[name]);
    }
    let durations = |name: &str| -> f64 {
        counted
            .iter()
            .filter(|(series, _)| series.starts_with(&format!("{name}_count{{")))
            .map(|(_, count)| count)
            .sum()
    };
    let timed = |one: &Recorded| {
        one.event.details.as_ref().is_some_and(|details| details["execution_duration"].is_number())
    };
    let tasks = count(&|one| one.event.step.is_none() && timed(one));
    let steps =
        count(&|one| one.event.step.is_some() && one.event.from == Some(Status::InProgress) && timed(one));
    assert_eq!(
        (durations("tasker_task_duration_seconds"), durations("tasker_step_duration_seconds")),
        (tasks, steps)
    );
    assert!(
        counted.contains_key("tasker_task_duration_seconds_count{namespace=\"eu\",template=\"shop\"}"),
        "{text}"
    );
}

async fn events(app: &TestApp) -> Vec<Recorded> {
    log::after(&app.database, &EventFilter::default(), 0, 100_000).await.expect("readable")
}
