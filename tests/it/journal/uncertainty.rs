//! A connection that breaks in the middle of a flush: what was acknowledged is there once, and so is the rest.

use std::time::Duration;

use futures_util::future::join_all;
use sea_orm::ConnectionTrait;

use super::desk::Desk;
use crate::place::Place;

#[tokio::test]
async fn every_acknowledged_change_is_there_once_though_connections_die() {
    let Some(place) = Place::postgres().await else { return };
    let database = place.open().await;
    let desk = Desk::open(&database).await;
    let write = join_all((0..20).map(|_| async {
        let mut made = Vec::new();
        for _ in 0..40 {
            made.push(desk.create_one().await.expect("acknowledged"));
        }
        made
    }));
    let kill = async {
        let mut killed = 0;
        for _ in 0..25 {
            tokio::time::sleep(Duration::from_millis(7)).await;
            let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database()
                AND pid <> pg_backend_pid() AND query LIKE '%SET flush_no%' AND query NOT LIKE '%pg_terminate_backend%'";
            killed += desk.number(sql).await;
        }
        killed
    };
    let (made, killed) = tokio::join!(write, kill);
    assert!(killed > 5, "{killed} connections were killed");
    let made = made.concat();
    assert_eq!(desk.number("SELECT count(*) FROM tasker_tasks").await, made.len() as i64);
    let events = desk.events().await;
    assert_eq!(events.len(), made.len(), "one event a task");
    assert_eq!(events.last().map(|last| last.position), i64::try_from(made.len()).ok(), "no gap");
    let _ = database.upkeep.execute_unprepared("SELECT 1").await;
}
