//! The service loses its connection in the middle of a flush, and the server does not notice: it goes on with the
//! flush while the service wants to know what became of it.

use std::time::Duration;

use serde_json::json;
use sqlx::{Connection, PgConnection};
use tasker::model::status::Status;

use crate::{
    crash::{
        audit,
        home::{Home, PATIENCE},
        programs::Program,
        service::Service,
        shapes,
        wire::Wire,
    },
    place::Place,
};

#[tokio::test]
async fn a_flush_that_goes_on_without_its_sender_is_written_once() {
    let Some(place) = Place::postgres().await else { return };
    let home = Home::new(place, &shapes::mixed()).set("ORCHESTRATION__LEASE_TTL", "60s");
    let wire = Wire::to(&home.place.url).await;
    let mut command = home.command(Program::Drill, "serve");
    command.args(["--listen", "127.0.0.1:0", "--database-url", &wire.url, "--config"]).arg(home.config());
    let service = Service::of(&home, command).await;
    let mut server = PgConnection::connect(&home.place.url).await.expect("a connection");

    // The flush can't have its positions in the log, and waits.
    let mut held = server.begin().await.expect("a transaction");
    sqlx::query("SELECT position FROM tasker_log FOR UPDATE").execute(&mut *held).await.expect("the lock");
    let client = service.client.clone();
    let asked = tokio::spawn(async move { client.try_create("linear", json!({})).await });
    until_waiting(&home, 1).await;
    wire.cut();
    // The first one still waits, and now somebody waits for it.
    until_waiting(&home, 2).await;
    held.rollback().await.expect("the lock is given back");

    let task = asked.await.expect("asked").expect("the task is acknowledged");
    let history = audit::at_rest(&home, &[task]).await;
    assert_eq!(history.cases.len(), 1, "it was asked for once");
    assert_eq!(history.case(task).task.status, Status::Complete);
    server.close().await.expect("closed");
    assert!(service.stop().await.success());
}

/// Until that many statements of the journal wait for a lock.
async fn until_waiting(home: &Home, count: i64) {
    let mut server = PgConnection::connect(&home.place.url).await.expect("a connection");
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
        AND query LIKE '%SET flush_no%'";
    let waiting = async {
        while sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut server).await.expect("a count") < count {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("the journal waits");
    server.close().await.expect("closed");
}
