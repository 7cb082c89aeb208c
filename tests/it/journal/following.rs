//! A follower sees every event once, from memory or from the table.

use std::time::Duration;

use futures_util::FutureExt;
use tasker::data::log::{EventFilter, Follower};

use super::desk::Desk;
use crate::place::Place;

/// After which something that should have come has not.
const PATIENCE: Duration = Duration::from_secs(20);

on_both_databases![
    a_follower_sees_what_comes_from_memory,
    a_follower_that_lags_reads_the_table_and_misses_nothing,
    a_thousand_reconnects_see_everything_once,
    a_filter_means_the_same_in_memory_and_in_the_table,
];

async fn a_follower_sees_what_comes_from_memory(place: Place) {
    let desk = Desk::open(&place.open().await).await;
    desk.create_one().await.expect("created");
    let mut follower = Follower::new(&desk.log, EventFilter::default(), None);
    assert!(follower.next().now_or_never().is_none(), "what was before is not live");
    let task = desk.create_one().await.expect("created");
    let seen = follower.next().now_or_never().expect("at once").expect("readable");
    assert_eq!((seen.position, seen.event.task.id), (2, task));
}

async fn a_follower_that_lags_reads_the_table_and_misses_nothing(place: Place) {
    let desk = Desk::open(&place.open().await).await;
    let mut follower = Follower::new(&desk.log, EventFilter::default(), None);
    for _ in 0..1_100 {
        desk.create_one().await.expect("created");
    }
    for position in 1..=1_100 {
        assert_eq!(follower.next().await.expect("readable").position, position);
    }
    assert!(follower.next().now_or_never().is_none());
}

async fn a_thousand_reconnects_see_everything_once(place: Place) {
    let desk = Desk::open(&place.open().await).await;
    let write = async {
        for _ in 0..500 {
            futures_util::future::join_all((0..4).map(|_| desk.create_one())).await;
        }
    };
    let read = async {
        let mut cursor = 0;
        let mut follower = Follower::new(&desk.log, EventFilter::default(), Some(cursor));
        let mut connections = 1;
        while cursor < 2_000 {
            let recorded = follower.next().await.expect("readable");
            assert_eq!(recorded.position, cursor + 1, "after {connections} connections");
            cursor = recorded.position;
            if rand::random_bool(0.55) {
                follower = Follower::new(&desk.log, EventFilter::default(), Some(cursor));
                connections += 1;
            }
        }
        connections
    };
    let ((), connections) = tokio::join!(write, read);
    assert!(connections > 900, "{connections}");
}

#[tokio::test]
async fn a_follower_sees_what_another_node_writes() {
    let Some(place) = Place::postgres().await else { return };
    let (here, there) = (Desk::open(&place.open().await).await, Desk::open(&place.open().await).await);
    let (log, own) = (here.log.clone(), here.identity.id);
    tokio::spawn(async move { log.hear_others(|| own, || ()).await });
    let mut follower = Follower::new(&here.log, EventFilter::default(), None);
    for position in 1..=20 {
        let desk = if position % 3 == 0 { &here } else { &there };
        let task = desk.create_one().await.expect("created");
        let seen = tokio::time::timeout(PATIENCE, follower.next()).await.expect("in time").expect("readable");
        assert_eq!((seen.position, seen.event.task.id), (position, task));
    }
}

async fn a_filter_means_the_same_in_memory_and_in_the_table(place: Place) {
    let desk = Desk::open(&place.open().await).await;
    let task = desk.create_one().await.expect("created");
    let only = EventFilter { task: Some(task), ..EventFilter::default() };
    let mut live = Follower::new(&desk.log, only.clone(), Some(0));
    let mut late =
        Follower::new(&desk.log, EventFilter { names: Some(vec!["step.started".into()]), ..only }, Some(0));
    for _ in 0..600 {
        desk.create_one().await.expect("created");
    }
    assert_eq!(live.next().await.expect("readable").event.task.id, task);
    assert!(live.next().now_or_never().is_none());
    assert!(late.next().now_or_never().is_none());
}
