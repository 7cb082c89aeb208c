//! What is added about a task without changing it: custom events from outside, and notes.

use serde_json::{Value, json};
use tasker::{
    auth::Subject,
    data::annotations,
    model::{
        event::EventName, id::TaskId, namespaces::Namespaces, scope::Scope, status::Status, task::Command,
    },
    orchestration::{Error, Note, TaskRequest},
};

use crate::{app::TestApp, journal::desk::number, place::Place, script::hangs};

on_both_databases![
    an_event_is_published_about_a_task_that_another_node_runs_and_about_a_settled_one,
    only_what_is_declared_is_published,
    a_note_is_kept_with_its_task_and_goes_with_it,
    what_cannot_be_noted_is_refused_in_words,
    types_of_notes_are_seen_where_the_tasks_are,
];

const SHOP: &str = "
name: shop
custom_events: [{ name: order.seen }]
step_templates:
  - { name: pay, handler_class: Pay, custom_events: [{ name: payment.made }] }
---
name: other
step_templates: [{ name: pay, handler_class: Pay }]
";

fn note(kind: &str, annotation: Value) -> Note {
    Note { annotation_type: kind.into(), type_description: None, annotation }
}

async fn annotate(app: &TestApp, task: TaskId, note: Note) -> Result<(), Error> {
    app.engine.annotate_task(&Subject::named("ada"), task, note).await
}

async fn an_event_is_published_about_a_task_that_another_node_runs_and_about_a_settled_one(place: Place) {
    let app = TestApp::start(place, SHOP).await;
    app.handler("Pay").answers([hangs()]);
    let task = app.run_task("shop", json!({})).await;
    // As if another node had it.
    app.execute("UPDATE tasker_tasks SET owner = 4711").await;
    let ada = Subject::named("ada");
    let first = app.engine.publish_event(&ada, task, "payment.made", json!({"amount": 5})).await;
    let first = first.expect("declared by a step");
    app.execute("UPDATE tasker_tasks SET owner = 1").await;
    app.let_go().await;
    assert_eq!(app.status(task).await, Status::Complete);
    let second = app.engine.publish_event(&ada, task, "order.seen", json!(7)).await.expect("declared");
    let events = app.events(task).await;
    assert!(events.contains(&first) && events.last() == Some(&second), "{events:?}");
    assert_eq!((first.event.actor.as_deref(), first.event.step.as_ref()), (Some("ada"), None));
    assert_eq!((&first.event.payload()["amount"], &second.event.payload()["value"]), (&json!(5), &json!(7)));
    app.engine.delete_task(&ada, task, None).await.expect("settled");
    let gone = app.engine.publish_event(&ada, task, "order.seen", json!({})).await;
    assert!(matches!(gone, Err(Error::UnknownTask(_))), "{gone:?}");
}

async fn only_what_is_declared_is_published(place: Place) {
    let app = TestApp::start(place, SHOP).await;
    let (ada, task) = (Subject::named("ada"), app.run_task("other", json!({})).await);
    let before = app.events(task).await;
    for name in ["order.seen", "task.completed", "workflow.task_finalized", "x", ""] {
        let refused = app.engine.publish_event(&ada, task, name, json!({})).await.expect_err(name);
        assert!(refused.to_string().contains("is not declared: name it in"), "{refused}");
    }
    let shop = app.run_task("shop", json!({})).await;
    for payload in [json!("x".repeat(2 << 20)), json!({"a": "nul \u{0}"})] {
        let refused = app.engine.publish_event(&ada, shop, "order.seen", payload).await;
        assert!(matches!(refused, Err(Error::BadInput(_))), "{refused:?}");
    }
    assert_eq!(app.events(task).await, before);
    assert!(!app.events(shop).await.iter().any(|one| matches!(one.event.name, EventName::Custom(_))));
}

async fn a_note_is_kept_with_its_task_and_goes_with_it(place: Place) {
    let app = TestApp::start(place, SHOP).await;
    let (kept, task) = (app.run_task("shop", json!({})).await, app.run_task("shop", json!({})).await);
    for task in [kept, task] {
        annotate(&app, task, note("review", json!({"by": "ada", "score": 5}))).await.expect("noted");
        annotate(&app, task, note("review", json!({"by": "ada", "score": 6}))).await.expect("noted");
    }
    let read = annotations::of_tasks(&app.database, &[task.0, kept.0]).await.expect("readable");
    let of_task = &read[&task.0];
    assert_eq!((of_task.len(), of_task[0].created_by.as_deref()), (2, Some("ada")));
    assert_eq!(of_task[1].annotation, json!({"by": "ada", "score": 6}));
    app.engine.delete_task(&Subject::anonymous(), task, None).await.expect("settled");
    let rows = number(&app.database, "SELECT count(*) FROM tasker_task_annotations").await;
    let values = number(&app.database, "SELECT count(*) FROM tasker_task_annotation_values").await;
    assert_eq!((rows, values), (2, 3), "what is about the other task stays");
    let gone = annotate(&app, task, note("review", json!({}))).await;
    assert!(matches!(gone, Err(Error::UnknownTask(_))), "{gone:?}");
    let gone = app.command(task, Command::CancelTask).await;
    assert!(matches!(gone, Err(Error::UnknownTask(_))), "{gone:?}");
}

async fn what_cannot_be_noted_is_refused_in_words(place: Place) {
    let app = TestApp::start(place, SHOP).await;
    let task = app.run_task("shop", json!({})).await;
    let many: serde_json::Map<String, Value> = (0..101).map(|no| (no.to_string(), json!(1))).collect();
    for (wrong, why) in [
        (note("review", json!([1])), "annotation must be an object"),
        (note("review", json!({"a": "x".repeat(70_000)})), "at most 65536 are stored"),
        (note("review", json!({"a": "\u{0}"})), "U+0000"),
        (note("review", many.into()), "annotation has 101 keys"),
        (note("", json!({})), "annotationType must be 1 to 64 printable characters"),
        (note("a\nb", json!({})), "annotationType must be 1 to 64 printable characters"),
        (note(&"x".repeat(65), json!({})), "annotationType has more than 64 characters"),
    ] {
        let refused = annotate(&app, task, wrong).await.expect_err(why).to_string();
        assert!(refused.contains(why), "{refused}");
    }
    for _ in 0..100 {
        annotate(&app, task, note("review", json!({}))).await.expect("noted");
    }
    let full = annotate(&app, task, note("review", json!({}))).await;
    assert!(matches!(full, Err(Error::TooManyAnnotations { limit: 100 })), "{full:?}");
}

async fn types_of_notes_are_seen_where_the_tasks_are(place: Place) {
    let app = TestApp::start(place, SHOP).await;
    let ada = Subject::named("ada");
    let own = app.engine.create_task(&ada, TaskRequest::new("shop", json!({}))).await.expect("created");
    let foreign = app.create_task("shop", json!({})).await;
    annotate(&app, TaskId(own.task.id), note("review", json!({}))).await.expect("noted");
    annotate(&app, foreign, note("ticket", json!({}))).await.expect("noted");
    let all = || Namespaces::only(["default"]);
    for (namespaces, own, creator, seen) in [
        (Namespaces::ALL, Namespaces::NONE, None, &["review", "ticket"][..]),
        (all(), Namespaces::NONE, None, &["review", "ticket"]),
        (all().not(), Namespaces::NONE, None, &[]),
        (Namespaces::NONE, all(), Some("ada"), &["review"]),
        (Namespaces::NONE, Namespaces::ALL, Some("ada"), &["review"]),
        (Namespaces::NONE, all().not(), Some("ada"), &[]),
        (Namespaces::NONE, all(), Some("bob"), &[]),
        (Namespaces::NONE, all(), None, &[]),
    ] {
        let scope = Scope { namespaces, own, creator: creator.map(Into::into) };
        let types = annotations::types(&app.database, &scope).await.expect("readable");
        let names: Vec<String> = types.into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, seen, "{scope:?}");
    }
}
