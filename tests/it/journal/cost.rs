//! What a step costs, counted; and that no flush scans what the node owns.

use std::time::Duration;

use serde_json::json;
use tasker::{auth::Subject, data::journal, orchestration::TaskRequest};

use super::desk::number;
use crate::{app::TestApp, place::Place};

on_both_databases![
    five_hundred_tasks_in_flight_share_their_commits,
    a_lone_task_costs_a_commit_a_step_and_two
];

const LINEAR: &str = "
name: linear5
step_templates:
  - { name: s1, handler_class: tasker.noop }
  - { name: s2, handler_class: tasker.noop, depends_on_step: s1 }
  - { name: s3, handler_class: tasker.noop, depends_on_step: s2 }
  - { name: s4, handler_class: tasker.noop, depends_on_step: s3 }
  - { name: s5, handler_class: tasker.noop, depends_on_step: s4 }
";

async fn create(app: &TestApp, count: usize) -> journal::Totals {
    let before = app.engine.journal().statistics().totals();
    let requests = (0..count).map(|no| TaskRequest::new("linear5", json!({ "no": no }))).collect();
    app.engine.create_tasks(&Subject::anonymous(), requests).await.expect("created");
    app.run_until_idle().await;
    let open = "SELECT count(*) FROM tasker_tasks WHERE status <> 'complete'";
    assert_eq!(number(&app.database, open).await, 0);
    app.engine.journal().statistics().totals() - before
}

async fn five_hundred_tasks_in_flight_share_their_commits(place: Place) {
    let app = TestApp::start(place, LINEAR).await;
    let cost = create(&app, 500).await;
    let per_step = |count: u64| count as f64 / 2_500.0;
    // How many changes meet in a flush is the machine's business: `tasker bench` measures it. That they meet is ours:
    // alone, a step needs more than one.
    assert!(per_step(cost.flushes) <= 0.25, "{cost:?}");
    assert!(cost.statements <= 10 * cost.flushes, "{cost:?}");
    assert!(per_step(cost.rows) <= 6.0, "{cost:?}");
}

async fn a_lone_task_costs_a_commit_a_step_and_two(place: Place) {
    let app = TestApp::start(place, LINEAR).await;
    let cost = create(&app, 1).await;
    assert!(cost.flushes <= 7, "{cost:?}");
}

/// The owner is the same for every task in memory: with its index a flush would scan them all.
#[tokio::test]
async fn postgresql_does_not_scan_what_the_node_owns() {
    let Some(place) = Place::postgres().await else { return };
    let app = TestApp::start(place, LINEAR).await;
    create(&app, 500).await;
    let scans =
        |index: &str| format!("SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = '{index}'");
    // The server counts a second behind; the key's count tells that the journal's have arrived.
    while number(&app.database, &scans("tasker_tasks_pkey")).await < 1_000 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        create(&app, 1).await;
    }
    let owned = number(&app.database, &scans("tasker_tasks_owned")).await;
    assert!(owned <= 1, "{owned} scans of the owner's index");
}
