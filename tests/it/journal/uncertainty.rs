//! A connection that breaks in the middle of a flush: what was acknowledged is there once, and so is the rest.

use std::{cell::Cell, time::Duration};

use futures_util::future::join_all;
use sea_orm::ConnectionTrait;
use serde_json::json;
use tasker::{
    data::journal::Addition,
    model::event::{Event, EventName, Recorded},
};

use super::desk::{Desk, NOW};
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
    let (made, killed) = tokio::join!(write, kill(&desk, 25));
    assert!(killed > 5, "{killed} connections were killed");
    let made = made.concat();
    assert_eq!(desk.number("SELECT count(*) FROM tasker_tasks").await, made.len() as i64);
    let events = desk.events().await;
    assert_eq!(events.len(), made.len(), "one event a task");
    assert_eq!(events.last().map(|last| last.position), i64::try_from(made.len()).ok(), "no gap");
    let _ = database.upkeep.execute_unprepared("SELECT 1").await;
}

/// Told that it is done, an event is where the answer says, or somewhere once. Told that it failed, it may be there all
/// the same: the connection broke twice.
#[tokio::test]
async fn every_acknowledged_event_from_outside_is_where_it_says_though_connections_die() {
    let Some(place) = Place::postgres().await else { return };
    let database = place.open().await;
    let desk = Desk::open(&database).await;
    let (task, done) = (desk.task().await.about, Cell::new(false));
    let write = async {
        let mut told = Vec::new();
        while !done.get() || told.len() < 150 {
            let no = told.len();
            let event = Event {
                name: EventName::Custom("a.b".into()),
                occurred_at: NOW,
                task: task.clone(),
                step: None,
                from: None,
                to: None,
                actor: None,
                details: Some(json!({ "no": no })),
            };
            told.push(desk.journal.add(task.id, Addition::Event(Box::new(event)), None).await);
        }
        told
    };
    let killing = async {
        let killed = kill(&desk, 15).await;
        done.set(true);
        killed
    };
    let (told, killed) = tokio::join!(write, killing);
    assert!(killed > 3, "{killed} connections were killed");
    let events = desk.events().await;
    let mut acknowledged = 0;
    for (no, answer) in told.iter().enumerate() {
        let of_this = |one: &&Recorded| one.event.details == Some(json!({ "no": no }));
        let places: Vec<i64> = events.iter().filter(of_this).map(|one| one.position).collect();
        match answer {
            Ok(Some(position)) => assert_eq!(places, [*position], "event {no}"),
            Ok(None) => assert_eq!(places.len(), 1, "event {no}"),
            Err(_) => assert!(places.len() <= 1, "event {no}: {places:?}"),
        }
        acknowledged += usize::from(answer.is_ok());
    }
    assert!(acknowledged > 100, "{acknowledged}");
    assert!(events.windows(2).all(|two| two[0].position + 1 == two[1].position), "a gap");
}

/// Breaks the connection of whatever flush is under way, now and again; answers with how often.
async fn kill(desk: &Desk, times: usize) -> i64 {
    let mut killed = 0;
    for _ in 0..times {
        tokio::time::sleep(Duration::from_millis(7)).await;
        let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database()
            AND pid <> pg_backend_pid() AND query LIKE '%SET flush_no%' AND query NOT LIKE '%pg_terminate_backend%'";
        killed += desk.number(sql).await;
    }
    killed
}
