//! A holder that goes without a word: another one goes on from where it was.

use std::collections::HashMap;

use super::{
    deliveries::{expected, run_many},
    hooks::{PATIENCE, deliver, hook, standing, until},
    receiver::{Answer, Receiver},
};
use crate::{journal::desk::Desk, place::Place};

on_both_databases![
    whoever_takes_over_goes_on_from_the_place_that_was_written,
    what_was_parked_is_still_parked_after_a_crash,
    a_service_that_stops_in_order_delivers_nothing_twice,
    what_was_removed_while_nobody_delivered_is_passed_over,
];

async fn whoever_takes_over_goes_on_from_the_place_that_was_written(place: Place) {
    let desk = Desk::open(&place.open().await).await;
    let receiver = Receiver::start(|number, _| match number % 7 {
        0 => Answer::Refuse(500),
        _ => Answer::Take,
    })
    .await;
    let text = hook(&receiver.url, "");
    let (first, _) = deliver(&desk.log, &text).await;
    run_many(&desk, 100).await;
    receiver.until(300, PATIENCE).await;
    until("the place is written", || async { standing(&desk.database).await.position > 100 }).await;
    // As by `kill -9`: nothing is written, and nothing given back.
    drop(first);
    let (second, _) = deliver(&desk.log, &text).await;
    run_many(&desk, 50).await;
    let expected = expected(&desk).await;
    receiver.until(expected.values().map(Vec::len).sum(), PATIENCE).await;
    receiver.has_taken(&expected);
    let mut ids: HashMap<String, String> = HashMap::new();
    for one in receiver.received() {
        let id = one.headers["x-tasker-delivery"].to_str().expect("text").to_owned();
        let event = one.body["id"].as_str().expect("an id").to_owned();
        assert_eq!(*ids.entry(event).or_insert_with(|| id.clone()), id, "a delivery keeps its id");
    }
    // What was taken before the crash and not written down yet is all that comes twice.
    assert!(receiver.taken().len() < 2 * ids.len(), "{} of {}", receiver.taken().len(), ids.len());
    second.stop().await;
}

async fn what_was_parked_is_still_parked_after_a_crash(place: Place) {
    let desk = Desk::open(&place.open().await).await;
    let receiver = Receiver::start(|_, _| Answer::Refuse(400)).await;
    let text = hook(&receiver.url, "  park_after: 1\n");
    let (first, _) = deliver(&desk.log, &text).await;
    desk.create_one().await.expect("created");
    until("it is parked", || async { standing(&desk.database).await.parked == 1 }).await;
    drop(first);
    receiver.answer(|_, _| Answer::Take);
    let (second, _) = deliver(&desk.log, &text).await;
    receiver.until(1, PATIENCE).await;
    until("nothing is parked", || async { standing(&desk.database).await.parked == 0 }).await;
    second.stop().await;
}

async fn a_service_that_stops_in_order_delivers_nothing_twice(place: Place) {
    let desk = Desk::open(&place.open().await).await;
    let receiver = Receiver::patient().await;
    let text = hook(&receiver.url, "");
    for round in 1..=4 {
        let (running, _) = deliver(&desk.log, &text).await;
        run_many(&desk, 25).await;
        receiver.until(round * 100, PATIENCE).await;
        running.stop().await;
    }
    let (running, _) = deliver(&desk.log, &text).await;
    let expected = expected(&desk).await;
    let count = expected.values().map(Vec::len).sum();
    receiver.until(count, PATIENCE).await;
    running.stop().await;
    receiver.has_taken(&expected);
    assert_eq!(receiver.received().len(), count);
}

async fn what_was_removed_while_nobody_delivered_is_passed_over(place: Place) {
    use sea_orm::ConnectionTrait;
    let desk = Desk::open(&place.open().await).await;
    let receiver = Receiver::patient().await;
    let text = hook(&receiver.url, "");
    let (running, _) = deliver(&desk.log, &text).await;
    desk.create_one().await.expect("created");
    receiver.until(1, PATIENCE).await;
    running.stop().await;
    run_many(&desk, 25).await;
    for sql in [
        "DELETE FROM tasker_workflow_events",
        "INSERT INTO tasker_log_floors (namespace, position) SELECT 'default', position FROM tasker_log",
    ] {
        desk.database.upkeep.execute_unprepared(sql).await.expect(sql);
    }
    let (running, _) = deliver(&desk.log, &text).await;
    until("it goes on behind what is gone", || async { standing(&desk.database).await.position > 100 }).await;
    desk.create_one().await.expect("created");
    receiver.until(2, PATIENCE).await;
    running.stop().await;
    assert_eq!(receiver.received().len(), 2);
}
