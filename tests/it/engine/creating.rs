//! Creation: what makes two requests one task, and what is checked before anything is stored.

use std::collections::HashSet;

use serde_json::json;
use tasker::{
    auth::Subject,
    model::{status::Status, time::Timestamp},
    orchestration::{Error, TaskRequest},
};

use crate::{app::TestApp, place::Place};

on_both_databases![
    the_same_key_is_the_first_task_and_another_request_a_conflict,
    two_hundred_identical_requests_at_once_make_one_task,
    a_template_may_make_equal_requests_one_task,
    several_tasks_are_created_all_or_none,
    a_dry_run_stores_nothing,
    bypassed_steps_are_settled_at_once,
    every_violation_is_told_at_once,
    the_highest_version_is_taken_and_unknown_ones_are_named,
];

const ORDER: &str = "
name: order
version: 1.9.0
schema: { type: object, required: [id], properties: { id: { type: integer }, mail: { type: string, format: email } } }
step_templates:
  - { name: check, handler_class: Check, skippable: true }
  - { name: send, handler_class: Send, depends_on_step: check }
---
name: order
version: 1.10.0
step_templates:
  - { name: check, handler_class: Check, skippable: true }
  - { name: send, handler_class: Send, depends_on_step: check }
---
name: unique
identity_strategy: hash
step_templates: [{ name: only, handler_class: Only }]
";

fn keyed(key: &str, id: i64) -> TaskRequest {
    TaskRequest { idempotency_key: Some(key.into()), ..TaskRequest::new("order", json!({ "id": id })) }
}

async fn the_same_key_is_the_first_task_and_another_request_a_conflict(place: Place) {
    let app = TestApp::start(place, ORDER).await;
    let first = app.create(keyed("k", 1)).await.expect("created");
    app.run_until_idle().await;
    let again = app.create(keyed("k", 1)).await.expect("found");
    assert_eq!((first.existed, again.existed, first.task.id), (false, true, again.task.id));
    assert_eq!(again.task.status, "complete", "the answer shows the task as it is now");
    let other = app.create(keyed("k", 2)).await.expect_err("another request");
    assert!(matches!(&other, Error::KeyReused { task, .. } if task.0 == first.task.id), "{other}");
    let elsewhere = TaskRequest { version: Some("1.9.0".into()), ..keyed("k2", 1) };
    assert!(!app.create(elsewhere).await.expect("another key").existed);
}

async fn two_hundred_identical_requests_at_once_make_one_task(place: Place) {
    let app = TestApp::start(place, ORDER).await;
    let answers = futures_util::future::join_all((0..200).map(|_| app.create(keyed("k", 1)))).await;
    let tasks: HashSet<_> = answers.iter().map(|one| one.as_ref().expect("answered").task.id).collect();
    let new = answers.iter().filter(|one| one.as_ref().is_ok_and(|one| !one.existed)).count();
    assert_eq!((tasks.len(), new), (1, 1));
}

async fn a_template_may_make_equal_requests_one_task(place: Place) {
    let app = TestApp::start(place, ORDER).await;
    let at = |micros| TaskRequest {
        requested_at: Some(Timestamp(micros)),
        ..TaskRequest::new("unique", json!({"b": 1, "a": 2}))
    };
    let first = app.create(at(60_000_000)).await.expect("created");
    let same_minute = app.create(at(119_999_999)).await.expect("found");
    let next_minute = app.create(at(120_000_000)).await.expect("created");
    assert_eq!((same_minute.task.id, same_minute.existed), (first.task.id, true));
    assert!(!next_minute.existed);
}

async fn several_tasks_are_created_all_or_none(place: Place) {
    let app = TestApp::start(place, ORDER).await;
    let subject = Subject::anonymous();
    let wrong =
        TaskRequest { version: Some("1.9.0".into()), ..TaskRequest::new("order", json!({"id": "x"})) };
    let requests = vec![keyed("a", 1), wrong, keyed("b", 2)];
    let refused = app.engine.create_tasks(&subject, requests).await.expect_err("one is wrong");
    assert!(
        matches!(&refused, Error::At { index: 1, source } if matches!(**source, Error::Invalid(_))),
        "{refused}"
    );
    let created =
        app.engine.create_tasks(&subject, vec![keyed("a", 1), keyed("b", 2)]).await.expect("created");
    assert!(created.iter().all(|one| !one.existed), "nothing was left of the refused ones");
    let twice = app.engine.create_tasks(&subject, vec![keyed("c", 1), keyed("c", 1)]).await;
    assert!(matches!(twice, Err(Error::BadInput(_))), "one key, twice in one request");
    let none = app.engine.create_tasks(&subject, Vec::new()).await;
    assert!(matches!(none, Err(Error::BadInput(_))));
}

async fn a_dry_run_stores_nothing(place: Place) {
    let app = TestApp::start(place, ORDER).await;
    let dry = app.create(TaskRequest { dry_run: true, ..keyed("k", 1) }).await.expect("checked");
    assert_eq!(dry.steps.map(|steps| steps.len()), Some(2));
    assert!(!app.create(keyed("k", 1)).await.expect("created").existed);
}

async fn bypassed_steps_are_settled_at_once(place: Place) {
    let app = TestApp::start(place, ORDER).await;
    let mut request = TaskRequest::new("order", json!({"id": 1}));
    request.bypass_steps = vec!["check".into()];
    let task = tasker::model::id::TaskId(app.create(request.clone()).await.expect("created").task.id);
    app.run_until_idle().await;
    assert_story!(app, task, @r"
    check  pending → resolved_manually
    send   pending → in_progress → complete
    task   pending → in_progress → complete
    ");
    assert_eq!(app.step(task, "check").await.results.as_deref(), Some(&json!({"bypassed": true})));
    request.bypass_steps = vec!["send".into(), "nothing".into()];
    let Err(Error::Invalid(violations)) = app.create(request).await else { panic!("refused") };
    let pointers: Vec<&str> = violations.iter().map(|one| one.pointer.as_str()).collect();
    assert_eq!(pointers, ["/bypassSteps/0", "/bypassSteps/1"]);
}

async fn every_violation_is_told_at_once(place: Place) {
    let app = TestApp::start(place, ORDER).await;
    let mut request = TaskRequest::new("order", json!({"id": "one", "mail": "nobody"}));
    request.version = Some("1.9.0".into());
    let Err(Error::Invalid(violations)) = app.create(request).await else { panic!("refused") };
    let mut pointers: Vec<&str> = violations.iter().map(|one| one.pointer.as_str()).collect();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/id", "/mail"]);
}

async fn the_highest_version_is_taken_and_unknown_ones_are_named(place: Place) {
    let app = TestApp::start(place, ORDER).await;
    let task = app.run_task("order", json!({})).await;
    assert_eq!(app.row(task).await.version, "1.10.0");
    assert_eq!(app.status(task).await, Status::Complete);
    let missing = app.create(TaskRequest::new("ordre", json!({}))).await.expect_err("unknown").to_string();
    assert!(missing.contains("default/order@1.10.0"), "{missing}");
}
