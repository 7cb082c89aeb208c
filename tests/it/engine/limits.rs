//! Memory, queues and templates at their limits.

use std::fmt::Write as _;

use serde_json::json;
use tasker::{
    auth::Subject,
    model::status::Status,
    orchestration::{Error, TaskRequest},
};

use crate::{
    app::TestApp,
    place::Place,
    script::{hangs, retry},
};

on_both_databases![
    more_tasks_than_fit_in_memory_wait_and_all_finish,
    a_due_sleeper_waits_for_room_and_has_its_turn,
    of_what_waits_for_room_the_urgent_goes_first,
    no_more_is_claimed_than_there_is_room_for,
    a_full_queue_answers_overloaded_and_loses_nothing,
    ten_thousand_steps_run,
    a_chain_of_a_thousand_runs,
];

const ONE: &str = "
name: one
step_templates: [{ name: only, handler_class: Only }]
---
name: urgent
priority: 5
step_templates: [{ name: urgent, handler_class: Urgent }]
---
name: long
backoff: { default_backoff_seconds: [100], jitter_max_percentage: 0 }
step_templates: [{ name: slow, handler_class: Slow }]
";

async fn more_tasks_than_fit_in_memory_wait_and_all_finish(place: Place) {
    let app = TestApp::with(place, ONE, |settings| settings.max_tasks_in_memory = 5).await;
    app.handler("Only").answers((0..5).map(|_| hangs()));
    let requests = (0..50).map(|no| TaskRequest::new("one", json!({ "no": no }))).collect();
    let created = app.engine.create_tasks(&Subject::anonymous(), requests).await.expect("created");
    app.run_until_idle().await;
    assert_eq!((app.engine.tasks_in_memory(), app.calls().len()), (5, 5));
    app.let_go().await;
    for task in created {
        assert_eq!(app.status(tasker::model::id::TaskId(task.task.id)).await, Status::Complete);
    }
    assert_eq!(app.engine.tasks_in_memory(), 0);
}

async fn a_due_sleeper_waits_for_room_and_has_its_turn(place: Place) {
    let app = TestApp::with(place, ONE, |settings| settings.max_tasks_in_memory = 1).await;
    app.handler("Slow").answers([retry("no")]);
    app.handler("Only").answers([hangs()]);
    app.run_task("long", json!({})).await;
    for no in 0..60 {
        app.create_task("one", json!({ "no": no })).await;
    }
    // Comes to rest although something is due.
    app.advance_secs(100.0).await;
    assert_eq!((app.engine.tasks_in_memory(), app.calls().len()), (1, 2));
    app.let_go().await;
    let calls = app.calls();
    let turn = calls.iter().rposition(|call| call.step == "slow").expect("called");
    assert!(turn > 1 && turn < calls.len() - 1, "neither waits for all of the other: {turn}");
}

/// The template says how urgent its tasks are, and whoever creates one may say otherwise.
async fn of_what_waits_for_room_the_urgent_goes_first(place: Place) {
    let app = TestApp::with(place, ONE, |settings| settings.max_tasks_in_memory = 1).await;
    app.handler("Only").answers([hangs()]);
    app.run_task("one", json!({ "no": 0 })).await;
    app.create_task("one", json!({ "no": 1 })).await;
    app.create_task("urgent", json!({ "no": 2 })).await;
    let most = TaskRequest { priority: Some(9), ..TaskRequest::new("one", json!({ "no": 3 })) };
    app.create(most).await.expect("created");
    app.let_go().await;
    let order: Vec<_> = app.calls().iter().map(|call| call.inputs["no"].clone()).collect();
    assert_eq!(order, [json!(0), json!(3), json!(2), json!(1)]);
}

async fn no_more_is_claimed_than_there_is_room_for(place: Place) {
    let app = TestApp::with(place, ONE, |settings| settings.max_tasks_in_memory = 1).await;
    app.handler("Slow").answers([retry("no"), hangs()]);
    app.handler("Only").answers([hangs(), hangs()]);
    app.run_task("long", json!({})).await;
    app.run_task("one", json!({})).await;
    app.run_task("one", json!({})).await;
    app.advance_secs(100.0).await;
    for _ in 0..2 {
        app.let_go().await;
        assert_eq!(app.engine.tasks_in_memory(), 1);
    }
}

async fn a_full_queue_answers_overloaded_and_loses_nothing(place: Place) {
    let app = TestApp::with(place, ONE, |settings| settings.journal_queue = 2).await;
    let requests = (0..100).map(|no| app.create(TaskRequest::new("one", json!({ "no": no }))));
    let answers = futures_util::future::join_all(requests).await;
    app.run_until_idle().await;
    let refused = answers.iter().filter(|one| matches!(one, Err(Error::Overloaded))).count();
    assert!(refused > 0, "a queue of two can't hold a hundred");
    let created: Vec<_> = answers.into_iter().flatten().collect();
    assert_eq!(created.len() + refused, 100, "nothing but OVERLOADED goes wrong");
    for task in created {
        assert_eq!(app.status(tasker::model::id::TaskId(task.task.id)).await, Status::Complete);
    }
}

async fn ten_thousand_steps_run(place: Place) {
    let mut wide = String::from("name: wide\nstep_templates:\n");
    for no in 0..10_000 {
        let _ = writeln!(wide, "  - {{ name: s{no}, handler_class: tasker.noop }}");
    }
    let app = TestApp::start(place, &wide).await;
    let task = app.run_task("wide", json!({})).await;
    assert_eq!(app.status(task).await, Status::Complete);
}

async fn a_chain_of_a_thousand_runs(place: Place) {
    let mut deep =
        String::from("name: deep\nstep_templates:\n  - { name: s0, handler_class: tasker.noop }\n");
    for no in 1..1_000 {
        let _ =
            writeln!(deep, "  - {{ name: s{no}, handler_class: tasker.noop, depends_on_step: s{} }}", no - 1);
    }
    let app = TestApp::start(place, &deep).await;
    let task = app.run_task("deep", json!({})).await;
    assert_eq!(app.status(task).await, Status::Complete);
}
