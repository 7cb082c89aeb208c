//! Handlers that take their process with them. Somebody restarts it each time.

use std::{fs, time::Duration};

use serde_json::json;
use tasker::{
    data::load,
    model::{failure::FailureKind, id::TaskId, status::Status},
};
use tokio::process::Child;

use super::{
    audit,
    home::{Home, PATIENCE},
    programs::Program,
    service::Service,
    shapes,
};
use crate::place::Place;

on_both_databases!(a_step_that_keeps_killing_its_node_is_stopped_and_others_go_on, progress_resets_the_count,);

const MAX_RECOVERIES: usize = 2;

async fn a_step_that_keeps_killing_its_node_is_stopped_and_others_go_on(place: Place) {
    let mut templates = shapes::mixed();
    templates
        .push(shapes::template("poison", &[shapes::aborting("a", &[], 99), shapes::work("b", &["a"], 1)]));
    let home = home(place, &templates);
    let service = Service::start(&home, Program::Drill).await;
    let mut others = Vec::new();
    for _ in 0..3 {
        others.push(service.client.create("linear").await);
    }
    // It may be dead before it answers.
    service.client.try_create("poison", json!({})).await;
    others.extend(service.client.try_create("diamond", json!({})).await);
    assert!(!service.end().await.success());
    let poison = audit::always(&home, &others).await.only("poison");
    live_until(&home, poison, Status::Error).await;

    others.push(poison);
    let history = audit::at_rest(&home, &others).await;
    let step = history.case(poison).step("a");
    assert_eq!(step.error.as_ref().expect("an error").kind, FailureKind::NodeLost);
    assert_eq!(history.ledger.calls(step.id), MAX_RECOVERIES + 1);
    for case in history.cases.iter().filter(|case| case.task.id() != poison) {
        assert_eq!(case.task.status, Status::Complete, "{}: nobody else is blamed", case.task.about.name);
    }
}

async fn progress_resets_the_count(place: Place) {
    let deaths = MAX_RECOVERIES as u64;
    let steps = [shapes::aborting("a", &[], deaths), shapes::aborting("b", &["a"], deaths)];
    let home = home(place, &[shapes::template("stubborn", &steps)]);
    let service = Service::start(&home, Program::Drill).await;
    service.client.try_create("stubborn", json!({})).await;
    assert!(!service.end().await.success());
    let task = audit::always(&home, &[]).await.only("stubborn");
    live_until(&home, task, Status::Complete).await;
    let history = audit::at_rest(&home, &[task]).await;
    assert_eq!(
        history.ledger.lines.len(),
        2 * (MAX_RECOVERIES + 1),
        "each was called until it let its node live"
    );
}

fn home(place: Place, templates: &[serde_json::Value]) -> Home {
    Home::new(place, templates)
        .set("ORCHESTRATION__LEASE_TTL", "2s")
        .set("ORCHESTRATION__MAX_RECOVERIES", &MAX_RECOVERIES.to_string())
}

/// Restarts the service whenever it has died, until the task is where it belongs and nothing else moves.
async fn live_until(home: &Home, task: TaskId, status: Status) {
    let life = async {
        loop {
            let mut child = start(home);
            tokio::select! {
                _ = child.wait() => {}
                () = reached(home, task, status) => {
                    audit::History::until_at_rest(home).await;
                    return;
                }
            }
        }
    };
    if tokio::time::timeout(PATIENCE, life).await.is_err() {
        let history = audit::always(home, &[task]).await;
        let events =
            history.case(task).events.iter().map(|recorded| (&recorded.event.name, &recorded.event.details));
        panic!("the task is not {status}: {:#?}", events.collect::<Vec<_>>());
    }
}

fn start(home: &Home) -> Child {
    let log = fs::File::create(home.folder().join("restarted.log")).expect("a file");
    home.serve(Program::Drill).stdout(std::process::Stdio::null()).stderr(log).spawn().expect("it starts")
}

async fn reached(home: &Home, task: TaskId, status: Status) {
    let database = home.database().await;
    loop {
        let rows = load::rows(&database, &[task]).await.expect("readable");
        if rows.first().is_some_and(|(row, _)| row.status == status.as_str()) {
            return database.close().await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
