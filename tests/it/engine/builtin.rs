//! Handlers that every Tasker has.

use serde_json::json;
use tasker::model::status::Status;

use crate::{app::TestApp, place::Place};

on_both_databases![
    noop_fail_and_emit_do_what_the_template_says,
    a_sleeper_wakes_by_itself,
    a_sleeper_sleeps_on_through_a_crash,
    a_sleeper_without_seconds_fails,
];

const DRILL: &str = "
name: drill
custom_events: [{ name: drill.rang }]
backoff: { jitter_max_percentage: 0 }
step_templates:
  - { name: nothing, handler_class: tasker.noop, handler_config: { results: { a: 1 } } }
  - { name: fails twice, handler_class: tasker.fail, handler_config: { times: 1, message: drill }, depends_on_step: nothing }
  - { name: rings, handler_class: tasker.emit, handler_config: { event: drill.rang, payload: { loud: true } }, depends_on_step: fails twice }
---
name: nap
step_templates:
  - { name: nap, handler_class: tasker.sleep, handler_config: { seconds: 90 } }
  - { name: after, handler_class: After, depends_on_step: nap }
---
name: odd
step_templates:
  - { name: nap, handler_class: tasker.sleep }
";

async fn noop_fail_and_emit_do_what_the_template_says(place: Place) {
    let app = TestApp::start(place, DRILL).await;
    let task = app.run_task("drill", json!({})).await;
    app.advance_secs(1.0).await;
    assert_story!(app, task, @r"
    nothing      pending → in_progress → complete
    fails twice  pending → in_progress → pending (retryable: drill) (again in 1.0 s) → in_progress → complete
    rings        pending → in_progress (drill.rang) → complete
    task         pending → in_progress → complete
    ");
    assert_eq!(app.step(task, "nothing").await.results.as_deref(), Some(&json!({"a": 1})));
}

async fn a_sleeper_wakes_by_itself(place: Place) {
    let app = TestApp::start(place, DRILL).await;
    let task = app.run_task("nap", json!({})).await;
    assert_eq!(app.step(task, "nap").await.status, Status::InProgress);
    assert_eq!(app.engine.tasks_in_memory(), 0, "nothing is held while it sleeps");
    app.advance_secs(89.9).await;
    assert_eq!(app.calls().len(), 0);
    app.advance_secs(0.1).await;
    assert_story!(app, task, @r"
    nap    pending → in_progress → complete
    after  pending → in_progress → complete
    task   pending → in_progress → complete
    ");
}

async fn a_sleeper_sleeps_on_through_a_crash(place: Place) {
    let mut app =
        TestApp::with(place, DRILL, |settings| settings.park_after = std::time::Duration::from_secs(1000))
            .await;
    let task = app.run_task("nap", json!({})).await;
    assert_eq!(app.engine.tasks_in_memory(), 1);
    app.crash().await;
    app.advance_secs(90.0).await;
    assert_story!(app, task, @r"
    nap    pending → in_progress → complete
    after  pending → in_progress → complete
    task   pending → in_progress → complete
    ");
}

async fn a_sleeper_without_seconds_fails(place: Place) {
    let app = TestApp::start(place, DRILL).await;
    let task = app.run_task("odd", json!({})).await;
    assert_story!(app, task, @r"
    nap   pending → in_progress → error (permanent: tasker.sleep needs handler_config.seconds, a number of at least 0)
    task  pending → in_progress → error
    ");
}
