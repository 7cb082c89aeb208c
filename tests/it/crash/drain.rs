//! SIGTERM: what runs may end, the rest is given back, and the process leaves with 0.

use std::time::Duration;

use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::{Value, json};
use tasker::{
    data::Kind,
    model::{failure::FailureKind, status::Status},
};

use super::{
    audit,
    home::{Home, PATIENCE},
    programs::Program,
    service::Service,
    shapes,
};
use crate::place::Place;

on_both_databases!(
    a_running_step_ends_within_the_grace_and_nothing_new_starts,
    what_does_not_end_within_the_grace_is_given_back,
    a_database_that_takes_nothing_does_not_hold_the_process,
);

async fn a_running_step_ends_within_the_grace_and_nothing_new_starts(place: Place) {
    let steps = [shapes::work("a", &[], 1000), shapes::work("b", &["a"], 1)];
    let home = Home::new(place, &[shapes::template("slow", &steps)]);
    let service = Service::start(&home, Program::Drill).await;
    let task = service.client.create("slow").await;
    until_begun(&home, 1).await;
    assert_eq!(service.stop().await.code(), Some(0));

    let history = audit::always(&home, &[task]).await;
    let case = history.case(task);
    assert_eq!((case.task.status, case.owner), (Status::InProgress, None));
    assert_eq!((case.step("a").status, case.step("b").attempts), (Status::Complete, 0));
    let service = Service::start(&home, Program::Drill).await;
    assert_eq!(audit::at_rest(&home, &[task]).await.case(task).task.status, Status::Complete);
    assert!(service.stop().await.success());
}

async fn what_does_not_end_within_the_grace_is_given_back(place: Place) {
    let long = 600_000;
    let templates = [
        shapes::template("long", &[shapes::work("a", &[], long)]),
        shapes::template("long_once", &[shapes::once("a", &[], long)]),
    ];
    let home = Home::new(place, &templates).set("SERVER__SHUTDOWN_GRACE", "100ms");
    let service = Service::start(&home, Program::Drill).await;
    let tasks = [service.client.create("long").await, service.client.create("long_once").await];
    until_begun(&home, 2).await;
    assert_eq!(service.stop().await.code(), Some(0));

    let history = audit::always(&home, &tasks).await;
    let [long, once] = tasks.map(|task| history.case(task).step("a"));
    assert_eq!((long.status, long.attempts, long.released), (Status::Pending, 1, 1));
    assert_eq!(history.case(tasks[0]).events_of("a"), ["step.started", "step.released"]);
    assert_eq!(once.error.as_ref().expect("an error").kind, FailureKind::Lost);
    assert!(history.cases.iter().all(|case| case.owner.is_none()));
}

/// Who is in a hurry says it twice; nothing is lost by it.
#[tokio::test]
async fn a_second_signal_ends_the_process_at_once() {
    let steps = [shapes::work("a", &[], 1500)];
    let home =
        Home::new(Place::sqlite(), &[shapes::template("slow", &steps)]).set("SERVER__SHUTDOWN_GRACE", "600s");
    for signals in [["TERM", "TERM"], ["INT", "TERM"]] {
        let service = Service::start(&home, Program::Drill).await;
        let task = service.client.create("slow").await;
        until_begun(&home, 1).await;
        service.signal(signals[0]).await;
        // It does not take anything new, so the first one was heard.
        while service.client.try_create("slow", json!({})).await.is_some() {}
        service.signal(signals[1]).await;
        let log = service.log_file();
        assert_eq!(service.end().await.code(), Some(1));
        let said = std::fs::read_to_string(log).expect("a log");
        assert!(said.contains("tasker: told to stop a second time: what still runs is recovered"), "{said}");
        let service = Service::start(&home, Program::Drill).await;
        assert_eq!(audit::at_rest(&home, &[task]).await.case(task).task.status, Status::Complete);
        assert!(service.stop().await.success());
    }
}

/// Handlers that block every thread there is keep nobody from ending the process.
#[tokio::test]
async fn a_handler_that_blocks_its_thread_does_not_hold_the_process() {
    let blocking =
        json!({ "name": "a", "handler_class": "Block", "handler_config": { "milliseconds": 600_000 } });
    let home = Home::new(Place::sqlite(), &[shapes::template("blocking", &[blocking])])
        .set("SERVER__SHUTDOWN_GRACE", "100ms")
        .set("ORCHESTRATION__LEASE_TTL", "1s");
    let service = Service::start(&home, Program::Drill).await;
    service.client.create("blocking").await;
    until_begun(&home, 1).await;
    service.stop().await;
}

async fn a_database_that_takes_nothing_does_not_hold_the_process(place: Place) {
    let home = Home::new(place, &[shapes::template("long", &[shapes::work("a", &[], 600_000)])])
        .set("SERVER__SHUTDOWN_GRACE", "100ms")
        .set("ORCHESTRATION__LEASE_TTL", "2s");
    let service = Service::start(&home, Program::Drill).await;
    let task = service.client.create("long").await;
    until_begun(&home, 1).await;
    let database = home.database().await;
    let blocked = database.upkeep.begin().await.expect("begun");
    let lock = match database.kind() {
        Kind::Sqlite => "UPDATE tasker_log SET position = position",
        Kind::Postgres => "LOCK TABLE tasker_nodes IN EXCLUSIVE MODE",
    };
    blocked.execute_unprepared(lock).await.expect("locked");
    assert!(service.stop().await.code().is_some());
    blocked.rollback().await.expect("given back");
    let history = audit::always(&home, &[task]).await;
    assert!(!history.case(task).task.status.is_terminal(), "it is there to be recovered");
    database.close().await;
}

#[tokio::test]
async fn ctrl_c_drains_as_well() {
    let home = Home::new(Place::sqlite(), &shapes::mixed());
    let service = Service::start(&home, Program::Drill).await;
    let task = service.client.create("linear").await;
    service.signal("INT").await;
    assert_eq!(service.end().await.code(), Some(0));
    audit::always(&home, &[task]).await;
}

/// The stream ends as an answer ends, without a `complete`: the client knows that there is more to come elsewhere.
#[tokio::test]
async fn an_event_stream_ends_in_order() {
    let home = Home::new(Place::sqlite(), &shapes::mixed());
    let service = Service::start(&home, Program::Drill).await;
    let request = service.client.post("subscription { workflowEvents { name } }", Value::Null);
    let stream = request.header("Accept", "text/event-stream").send().await.expect("an answer");
    assert!(stream.status().is_success());
    let heard = tokio::spawn(stream.text());
    service.client.run("mutation { createTask(input: { name: \"linear\" }) { taskId } }", json!({})).await;
    audit::History::until_at_rest(&home).await;
    assert!(service.stop().await.success());
    let heard = heard.await.expect("heard").expect("the stream ends without being cut");
    assert!(heard.contains("task.completed") && !heard.contains("event: complete"), "{heard}");
}

/// Until handlers were called that often.
pub async fn until_begun(home: &Home, calls: usize) {
    let begun = async {
        while home.ledger().begins().count() < calls {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, begun).await.expect("the handlers are called");
}
