//! What operators may ask, in each state.

use serde_json::json;
use tasker::{
    auth::Subject,
    model::{id::TaskId, status::Status, task::Command},
    orchestration::Error,
};

use crate::{
    app::TestApp,
    place::Place,
    script::{hangs, ok, permanent, seen},
};

on_both_databases![
    cancelling_a_task_tells_its_handlers_and_refuses_their_answers,
    a_task_is_cancelled_before_it_starts_and_while_it_rests,
    cancelling_a_step_takes_along_what_can_no_longer_run,
    retrying_a_task_gives_its_failed_steps_more_attempts,
    retrying_a_step_may_bring_it_to_its_end,
    a_resolved_steps_results_feed_its_dependents,
    resolving_a_task_cancels_what_is_unfinished,
    words_and_inputs_change_while_nothing_runs,
    a_finished_task_is_deleted_with_everything_it_has,
];

const WORK: &str = "
name: work
step_templates:
  - { name: one, handler_class: One }
  - { name: two, handler_class: Two, depends_on_step: one }
  - { name: three, handler_class: Three, depends_on_step: two }
  - { name: aside, handler_class: Aside }
---
name: later
delay_seconds: 500
step_templates: [{ name: only, handler_class: Only }]
";

async fn failed(app: &TestApp) -> TaskId {
    app.handler("One").answers([permanent("broken")]);
    app.run_task("work", json!({})).await
}

async fn cancelling_a_task_tells_its_handlers_and_refuses_their_answers(place: Place) {
    let app = TestApp::start(place, WORK).await;
    app.handler("One").answers([hangs()]);
    let task = app.run_task("work", json!({})).await;
    app.done(task, Command::CancelTask).await;
    assert_story!(app, task, @r"
    one    pending → in_progress → cancelled by ada
    two    pending → cancelled by ada
    three  pending → cancelled by ada
    aside  pending → in_progress → complete
    task   pending → in_progress → cancelled by ada
    ");
    assert!(app.calls().iter().any(|call| call.step == "one" && call.told), "the handler heard its token");
    assert_eq!(app.step(task, "one").await.results, None, "its answer came too late");
    assert_eq!(
        app.refused(task, Command::CancelTask).await,
        "the task is cancelled; cancel_task is not possible"
    );
}

async fn a_task_is_cancelled_before_it_starts_and_while_it_rests(place: Place) {
    let app = TestApp::start(place, WORK).await;
    let waiting = app.run_task("later", json!({})).await;
    app.done(waiting, Command::CancelTask).await;
    let resting = failed(&app).await;
    app.done(resting, Command::CancelTask).await;
    assert_eq!(
        (app.status(waiting).await, app.status(resting).await),
        (Status::Cancelled, Status::Cancelled)
    );
    app.advance_secs(1000.0).await;
    assert_eq!(app.calls().iter().filter(|call| call.step == "only").count(), 0);
    assert_eq!(app.row(resting).await.owner, None);
}

async fn cancelling_a_step_takes_along_what_can_no_longer_run(place: Place) {
    let app = TestApp::start(place, WORK).await;
    let task = failed(&app).await;
    let step = app.step_id(task, "one").await;
    app.done(task, Command::CancelStep { step }).await;
    assert_story!(app, task, @r"
    one    pending → in_progress → error (permanent: broken) → cancelled by ada
    two    pending → cancelled by ada
    three  pending → cancelled by ada
    aside  pending → in_progress → complete
    task   pending → in_progress → error → in_progress → complete
    ");
}

async fn retrying_a_task_gives_its_failed_steps_more_attempts(place: Place) {
    let app = TestApp::start(place, WORK).await;
    let task = failed(&app).await;
    app.done(task, Command::RetryTask { additional_attempts: Some(2) }).await;
    assert_story!(app, task, @r"
    one    pending → in_progress → error (permanent: broken) → pending by ada → in_progress → complete
    two    pending → in_progress → complete
    three  pending → in_progress → complete
    aside  pending → in_progress → complete
    task   pending → in_progress → error → in_progress by ada → complete
    ");
    assert_eq!(app.step(task, "one").await.retry_limit, 3, "one attempt was made, and two are granted");
    let again = app.refused(task, Command::RetryTask { additional_attempts: None }).await;
    assert_eq!(again, "the task is complete; retry_task is not possible");
}

async fn retrying_a_step_may_bring_it_to_its_end(place: Place) {
    let app = TestApp::start(place, WORK).await;
    let task = failed(&app).await;
    let (one, two) = (app.step_id(task, "one").await, app.step_id(task, "two").await);
    let blocked = app.refused(task, Command::RetryStep { step: two, additional_attempts: None }).await;
    assert_eq!(blocked, "the step is pending; retry_step is not possible");
    assert_eq!(app.row(task).await.owner, None, "a refused command leaves the task alone");
    app.done(task, Command::RetryStep { step: one, additional_attempts: None }).await;
    assert_eq!(app.status(task).await, Status::Complete);
}

async fn a_resolved_steps_results_feed_its_dependents(place: Place) {
    let app = TestApp::start(place, WORK).await;
    let task = failed(&app).await;
    app.handler("Two").answers([seen("one", "paid")]);
    let step = app.step_id(task, "one").await;
    app.done(task, Command::ResolveStep { step, results: Some(json!({"paid": "in cash"})) }).await;
    assert_story!(app, task, @r"
    one    pending → in_progress → error (permanent: broken) → resolved_manually by ada
    two    pending → in_progress → complete
    three  pending → in_progress → complete
    aside  pending → in_progress → complete
    task   pending → in_progress → error → in_progress by ada → complete
    ");
    assert_eq!(app.step(task, "two").await.results.as_deref(), Some(&json!({"seen": "in cash"})));
}

async fn resolving_a_task_cancels_what_is_unfinished(place: Place) {
    let app = TestApp::start(place, WORK).await;
    let task = failed(&app).await;
    app.done(task, Command::ResolveTask).await;
    assert_story!(app, task, @r"
    one    pending → in_progress → error (permanent: broken) → cancelled by ada
    two    pending → cancelled by ada
    three  pending → cancelled by ada
    aside  pending → in_progress → complete
    task   pending → in_progress → error → resolved_manually by ada
    ");
}

async fn words_and_inputs_change_while_nothing_runs(place: Place) {
    let app = TestApp::start(place, WORK).await;
    let task = failed(&app).await;
    app.done(task, Command::UpdateTask { reason: Some("new".into()), tags: Some(vec!["a".into()]) }).await;
    let row = app.row(task).await;
    assert_eq!((row.reason.as_deref(), row.tags, row.owner), (Some("new"), json!(["a"]), None));
    let step = app.step_id(task, "one").await;
    app.done(task, Command::UpdateStep { step, retry_limit: Some(9), inputs: Some(json!({"n": 2})) }).await;
    app.handler("One").answers([ok(json!({})), hangs()]);
    app.done(task, Command::RetryStep { step, additional_attempts: None }).await;
    assert_eq!(app.calls().iter().rfind(|call| call.step == "one").expect("called").inputs, json!({"n": 2}));
    let running = app.run_task("work", json!({})).await;
    let busy = app.refused(running, Command::UpdateTask { reason: None, tags: None }).await;
    assert_eq!(busy, "the task is in_progress; update_task is not possible");
    let step = app.step_id(running, "one").await;
    let busy = app.refused(running, Command::UpdateStep { step, retry_limit: Some(1), inputs: None }).await;
    assert_eq!(busy, "the step is in_progress; update_step is not possible");
}

async fn a_finished_task_is_deleted_with_everything_it_has(place: Place) {
    let app = TestApp::start(place, WORK).await;
    let (nobody, task) = (Subject::anonymous(), failed(&app).await);
    let refused = app.engine.delete_task(&nobody, task, None).await.expect_err("unfinished");
    assert_eq!(refused.to_string(), "the task is error; delete_task is not possible");
    app.done(task, Command::CancelTask).await;
    app.engine.delete_task(&nobody, task, None).await.expect("deleted");
    let left: Vec<String> =
        app.events(task).await.iter().map(|one| one.event.name.as_str().to_owned()).collect();
    assert_eq!(left, ["task.deleted"]);
    assert!(matches!(app.command(task, Command::CancelTask).await, Err(Error::UnknownTask(_))));
    assert!(matches!(app.engine.delete_task(&nobody, task, None).await, Err(Error::UnknownTask(_))));
}
