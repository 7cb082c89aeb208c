//! The auditor sees what it is there for: each lie that is told to it is found.

use std::fs;

use sea_orm::ConnectionTrait;
use tasker::data::Database;

use super::{History, at_rest, wrong, wrong_at_rest};
use crate::{
    crash::{
        home::{Home, PATIENCE},
        programs::Program,
        service::Service,
        shapes,
    },
    place::Place,
};

/// What is done to the database of a finished `linear` and a finished `once`, and a part of what is found.
const LIES: [(&str, &str); 12] = [
    ("DELETE FROM tasker_workflow_events WHERE position = 3", "the log has position 4 where 3 belongs"),
    ("UPDATE tasker_log SET position = position + 1", "and its counter says"),
    (
        "UPDATE tasker_workflow_events SET to_status = 'error', name = 'step.failed' WHERE name = 'step.completed'",
        "and its log says error",
    ),
    (
        "UPDATE tasker_workflow_events SET name = 'step.released' WHERE name = 'step.completed'",
        "where a was in_progress",
    ),
    (
        "UPDATE tasker_workflow_events SET attempt = 1, name = 'step.started' WHERE name = 'step.completed'",
        "starts twice",
    ),
    ("UPDATE tasker_tasks SET status = 'error'", "and its steps make it complete"),
    ("UPDATE tasker_tasks SET owner = 1", "rests and is still node 1's"),
    (
        "UPDATE tasker_workflow_steps SET status = 'in_progress' WHERE no = 2",
        "c is in_progress and its log says complete",
    ),
    (
        "UPDATE tasker_workflow_steps SET status = 'cancelled' WHERE no = 1",
        "started before its dependencies were settled",
    ),
    (
        "UPDATE tasker_workflow_steps SET attempts = 2 WHERE no = 0",
        "2 attempts, 0 given back, and the log has 1 and 0",
    ),
    ("UPDATE tasker_workflow_steps SET results = '{\"token\": \"another\"}' WHERE no = 0", "it saw Some("),
    ("UPDATE tasker_workflow_steps SET results = NULL WHERE no = 2", "complete without results"),
];

#[tokio::test]
async fn every_lie_is_found() {
    let home = Home::new(Place::sqlite(), &shapes::mixed());
    let service = Service::start(&home, Program::Drill).await;
    let tasks = [service.client.create("linear").await, service.client.create("once").await];
    assert!(at_rest(&home, &tasks).await.cases.len() == 2);
    assert!(service.stop().await.success());
    // Whoever closes last leaves one file.
    home.database().await.close().await;
    let file = home.place.url.trim_start_matches("sqlite://").trim_end_matches("?mode=rwc");
    for (no, (lie, finding)) in LIES.iter().enumerate() {
        let copy = home.folder().join(format!("{no}.db"));
        fs::copy(file, &copy).expect("a copy");
        let database =
            Database::open(&format!("sqlite://{}", copy.display()), 1, PATIENCE).await.expect("opens");
        database.upkeep.execute_unprepared(lie).await.expect(lie);
        let history = History::of(&database, home.ledger()).await;
        let found = [wrong(&history, &tasks), wrong_at_rest(&history)].concat();
        assert!(found.iter().any(|found| found.contains(finding)), "{lie}: {found:?}");
        database.close().await;
    }
}
