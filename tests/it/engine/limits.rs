//! Memory, queues and templates at their limits.

use std::fmt::Write as _;

use serde_json::json;
use tasker::{
    auth::Subject,
    model::status::Status,
    orchestration::{Error, TaskRequest},
};

use crate::{app::TestApp, place::Place, script::hangs};

on_both_databases![
    more_tasks_than_fit_in_memory_wait_and_all_finish,
    a_full_queue_answers_overloaded_and_loses_nothing,
    ten_thousand_steps_run,
    a_chain_of_a_thousand_runs,
];

const ONE: &str = "
name: one
step_templates: [{ name: only, handler_class: Only }]
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
