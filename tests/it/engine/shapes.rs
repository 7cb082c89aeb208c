//! Steps run in the order of their dependencies, in parallel where they may.

use serde_json::json;
use tasker::model::status::Status;

use crate::{
    app::TestApp,
    place::Place,
    script::{hangs, ok, seen},
};

on_both_databases![
    a_chain_runs_in_order_and_hands_results_on,
    a_diamond_joins_once_both_branches_are_done,
    without_concurrency_one_step_runs_at_a_time,
    a_hundred_branches_run_and_join,
];

const CHAIN: &str = "
name: chain
step_templates:
  - { name: first, handler_class: First }
  - { name: second, handler_class: Second, depends_on_step: first }
  - { name: third, handler_class: Third, depends_on_step: second }
";

async fn a_chain_runs_in_order_and_hands_results_on(place: Place) {
    let app = TestApp::start(place, CHAIN).await;
    app.handler("First").answers([ok(json!({"n": 7}))]);
    app.handler("Third").answers([seen("first", "n")]);
    let task = app.run_task("chain", json!({"order": 1})).await;
    assert_story!(app, task, @r"
    first   pending → in_progress → complete
    second  pending → in_progress → complete
    third   pending → in_progress → complete
    task    pending → in_progress → complete
    ");
    let called: Vec<String> = app.calls().into_iter().map(|call| call.step).collect();
    assert_eq!(called, ["first", "second", "third"]);
    assert_eq!(app.calls()[0].inputs, json!({"order": 1}), "a step's inputs are the task's context");
    assert_eq!(app.step(task, "third").await.results.as_deref(), Some(&json!({"seen": 7})));
    assert_eq!(app.row(task).await.owner, None, "a settled task is nobody's");
}

const DIAMOND: &str = "
name: diamond
step_templates:
  - { name: top, handler_class: Top }
  - { name: left, handler_class: Left, depends_on_step: top }
  - { name: right, handler_class: Right, depends_on_step: top }
  - { name: bottom, handler_class: Bottom, depends_on_steps: [left, right] }
";

async fn a_diamond_joins_once_both_branches_are_done(place: Place) {
    let app = TestApp::start(place, DIAMOND).await;
    app.handler("Left").answers([hangs()]);
    let task = app.run_task("diamond", json!({})).await;
    assert_story!(app, task, @r"
    top     pending → in_progress → complete
    left    pending → in_progress
    right   pending → in_progress → complete
    bottom  pending
    task    pending → in_progress
    ");
    app.let_go().await;
    assert_story!(app, task, @r"
    top     pending → in_progress → complete
    left    pending → in_progress → complete
    right   pending → in_progress → complete
    bottom  pending → in_progress → complete
    task    pending → in_progress → complete
    ");
}

async fn without_concurrency_one_step_runs_at_a_time(place: Place) {
    let serial = DIAMOND.replace("name: diamond", "name: serial\nconcurrent: false");
    let app = TestApp::start(place, &serial).await;
    app.handler("Left").answers([hangs()]);
    let task = app.run_task("serial", json!({})).await;
    assert_eq!(app.step(task, "left").await.status, Status::InProgress);
    assert_eq!(app.step(task, "right").await.status, Status::Pending, "left is not done");
    app.let_go().await;
    assert_eq!(app.status(task).await, Status::Complete);
}

async fn a_hundred_branches_run_and_join(place: Place) {
    let mut fan = String::from("name: fan\nstep_templates:\n  - { name: top, handler_class: Top }\n");
    for no in 0..100 {
        fan += &format!("  - {{ name: b{no}, handler_class: Branch, depends_on_step: top }}\n");
    }
    let all: Vec<String> = (0..100).map(|no| format!("b{no}")).collect();
    fan += &format!("  - {{ name: join, handler_class: Join, depends_on_steps: [{}] }}\n", all.join(", "));
    let app = TestApp::start(place, &fan).await;
    app.handler("Branch").answers((0..100).map(|_| hangs()));
    let task = app.run_task("fan", json!({})).await;
    assert_eq!(app.calls().len(), 101, "all branches run at once, and the join waits");
    app.let_go().await;
    assert_eq!(app.status(task).await, Status::Complete);
    assert_eq!(app.calls().len(), 102);
}
