//! Webhooks against a receiver that fails, hangs, cuts connections and recovers.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use ring::hmac;
use tasker::{
    data::subscribers,
    events::WorkflowEvent,
    model::{event::Recorded, id::TaskId, task::Task},
};

use super::{
    hooks::{PATIENCE, deliver, hook, standing, until},
    receiver::{Answer, Receiver},
};
use crate::{
    journal::desk::{Desk, complete, start},
    place::Place,
};

on_both_databases![
    nothing_is_lost_or_reordered_when_one_in_three_fails,
    a_poisoned_task_is_parked_and_the_others_go_on,
    a_delivery_that_never_succeeds_is_given_up_and_recorded,
    after_an_outage_everything_arrives_in_order,
    a_receiver_that_hangs_or_cuts_the_connection_gets_it_again_under_the_same_id,
    only_what_is_wanted_is_delivered_and_the_rest_is_passed_over,
];

/// Deliveries of the long test: `TASKER_TEST_DELIVERIES=10000` for the longest.
fn deliveries() -> usize {
    std::env::var("TASKER_TEST_DELIVERIES").ok().and_then(|text| text.parse().ok()).unwrap_or(2_000)
}

/// Runs a task to its end, through the journal alone.
async fn run(desk: &Desk) -> TaskId {
    let mut task: Task = desk.task().await;
    for change in [start(&mut task, 0), complete(&mut task, 0), start(&mut task, 1), complete(&mut task, 1)] {
        desk.journal.commit(change).await.expect("committed");
    }
    task.id()
}

/// Runs so many tasks, some of them at the same time.
pub async fn run_many(desk: &Desk, tasks: usize) {
    for _ in 0..tasks.div_ceil(25) {
        futures_util::future::join_all((0..25).map(|_| run(desk))).await;
    }
}

/// What the log says, by task.
pub async fn expected(desk: &Desk) -> HashMap<String, Vec<String>> {
    by_task(desk.events().await)
}

/// The ids of events, by task.
pub fn by_task(events: Vec<Recorded>) -> HashMap<String, Vec<String>> {
    let mut expected: HashMap<String, Vec<String>> = HashMap::new();
    for recorded in events {
        let event = WorkflowEvent::from(recorded);
        expected.entry(event.task_id().to_string()).or_default().push(event.id().to_string());
    }
    expected
}

async fn nothing_is_lost_or_reordered_when_one_in_three_fails(place: Place) {
    let desk = Desk::open(&place.open().await).await;
    let receiver = Receiver::start(|number, _| match number % 3 {
        0 => Answer::Refuse(503),
        _ => Answer::Take,
    })
    .await;
    let (running, _) = deliver(&desk.log, &hook(&receiver.url, "")).await;
    let began = Instant::now();
    // Seven events each.
    run_many(&desk, deliveries() / 7).await;
    let expected = expected(&desk).await;
    let count = expected.values().map(Vec::len).sum();
    receiver.until(count, PATIENCE).await;
    receiver.has_taken(&expected);
    println!("{count} deliveries, {} tries, {:?}", receiver.received().len(), began.elapsed());
    let end = i64::try_from(count).expect("a number");
    until("everything is settled", || async { standing(&desk.database).await.position == end }).await;
    running.stop().await;
    assert_eq!(standing(&desk.database).await.parked, 0);
}

async fn a_poisoned_task_is_parked_and_the_others_go_on(place: Place) {
    let desk = Desk::open(&place.open().await).await;
    let poisoned = run(&desk).await;
    let poison = poisoned.to_string();
    let bad = poison.clone();
    let refuse = move |_: usize, body: &serde_json::Value| match body["taskId"] == *bad {
        true => Answer::Refuse(422),
        false => Answer::Take,
    };
    let receiver = Receiver::start(refuse).await;
    // From the log's beginning, as after a long time without a service.
    subscribers::register(&desk.database, "hook").await.expect("registered");
    let rewind = "UPDATE tasker_subscribers SET position = 0";
    sea_orm::ConnectionTrait::execute_unprepared(&desk.database.upkeep, rewind).await.expect(rewind);
    let (running, metrics) = deliver(&desk.log, &hook(&receiver.url, "  park_after: 3\n")).await;
    run_many(&desk, 50).await;
    let mut all = expected(&desk).await;
    let of_poisoned = all.remove(&poison).expect("its events");
    receiver.until(all.values().map(Vec::len).sum(), PATIENCE).await;
    receiver.has_taken(&all);
    let end = desk.number("SELECT position FROM tasker_log").await;
    until("its place is past the poison", || async { standing(&desk.database).await.position == end }).await;
    let now = standing(&desk.database).await;
    assert_eq!((now.parked, now.dropped), (1, 0));
    let said = now.last_error.expect("why");
    assert!(said.contains("422"), "{said}");
    assert_eq!(subscribers::oldest_needed(&desk.database).await.expect("readable"), Some(1));
    until("it shows in the metrics", || async {
        metrics.encode().contains("tasker_subscriber_parked_tasks{subscriber=\"hook\"} 1")
    })
    .await;
    receiver.answer(|_, _| Answer::Take);
    until("nothing is parked", || async { standing(&desk.database).await.parked == 0 }).await;
    assert_eq!(receiver.by_task()[&poison], of_poisoned);
    assert_eq!(subscribers::oldest_needed(&desk.database).await.expect("readable"), Some(end + 1));
    running.stop().await;
}

async fn a_delivery_that_never_succeeds_is_given_up_and_recorded(place: Place) {
    let desk = Desk::open(&place.open().await).await;
    let receiver = Receiver::start(|_, body| match body["name"] == "task.created" {
        true => Answer::Refuse(500),
        false => Answer::Take,
    })
    .await;
    let more = "  park_after: 2\n  give_up_after: 150ms\n";
    let (running, metrics) = deliver(&desk.log, &hook(&receiver.url, more)).await;
    let task = run(&desk).await;
    let mut expected = expected(&desk).await.remove(&task.to_string()).expect("its events");
    let first = expected.remove(0);
    receiver.until(expected.len(), PATIENCE).await;
    until("it is written down", || async {
        let now = standing(&desk.database).await;
        (now.parked, now.dropped) == (0, 1)
    })
    .await;
    assert_eq!(
        receiver.by_task()[&task.to_string()],
        expected,
        "what came behind it, and not itself: {first}"
    );
    let dropped =
        subscribers::dropped(&desk.database, "hook", 10).await.expect("readable").pop().expect("one");
    assert_eq!((dropped.position, dropped.task, dropped.event.as_str()), (1, task, "task.created"));
    assert!(dropped.failures > 2 && dropped.error.contains("500"), "{dropped:?}");
    let line = "tasker_subscriber_events_total{subscriber=\"hook\",outcome=\"dropped\"} 1";
    assert!(metrics.encode().contains(line));
    running.stop().await;
}

async fn after_an_outage_everything_arrives_in_order(place: Place) {
    let desk = Desk::open(&place.open().await).await;
    let receiver = Receiver::start(|_, _| Answer::Refuse(503)).await;
    let more = "  parked_backoff: 10ms\n  max_parked_backoff: 20ms\n  concurrency: 8\n";
    let text =
        hook(&receiver.url, "").replace("  parked_backoff: 100ms\n  max_parked_backoff: 400ms\n", more);
    let (running, _) = deliver(&desk.log, &text).await;
    run_many(&desk, 50).await;
    receiver.until_tried(40, PATIENCE).await;
    assert_eq!(receiver.count(), 0);
    receiver.answer(|_, _| Answer::Take);
    let expected = expected(&desk).await;
    receiver.until(expected.values().map(Vec::len).sum(), PATIENCE).await;
    receiver.has_taken(&expected);
    until("nothing is parked", || async { standing(&desk.database).await.parked == 0 }).await;
    running.stop().await;
}

async fn a_receiver_that_hangs_or_cuts_the_connection_gets_it_again_under_the_same_id(place: Place) {
    let desk = Desk::open(&place.open().await).await;
    let receiver = Receiver::start(|number, _| match number {
        1 => Answer::Hang,
        2 => Answer::TakeAndReset,
        _ => Answer::Take,
    })
    .await;
    let (running, metrics) = deliver(&desk.log, &hook(&receiver.url, "  timeout: 200ms\n")).await;
    desk.create_one().await.expect("created");
    until("it arrived", || async { receiver.received().len() == 3 }).await;
    let ids: Vec<String> = receiver
        .received()
        .iter()
        .map(|one| one.headers["x-tasker-delivery"].to_str().expect("text").to_owned())
        .collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let timed_out = "tasker_subscriber_events_total{subscriber=\"hook\",outcome=\"timed_out\"} 1";
    assert!(metrics.encode().contains(timed_out));
    running.stop().await;
}

async fn only_what_is_wanted_is_delivered_and_the_rest_is_passed_over(place: Place) {
    let desk = Desk::open(&place.open().await).await;
    let receiver = Receiver::patient().await;
    let (running, _) =
        deliver(&desk.log, &hook(&receiver.url, "  events: [task.created, task.completed]\n")).await;
    let task = run(&desk).await;
    receiver.until(2, PATIENCE).await;
    until("its place is the log's end", || async { standing(&desk.database).await.behind == 0 }).await;
    let names: Vec<String> = receiver.taken().iter().map(|one| one.body["name"].to_string()).collect();
    assert_eq!(names, ["\"task.created\"", "\"task.completed\""]);
    running.stop().await;
    let elsewhere = hook(&receiver.url, "  namespaces: [elsewhere]\n");
    let (running, _) = deliver(&desk.log, &elsewhere).await;
    assert_ne!(run(&desk).await, task);
    until("its place is the log's end", || async { standing(&desk.database).await.behind == 0 }).await;
    assert_eq!(receiver.received().len(), 2);
    running.stop().await;
}

#[tokio::test]
async fn a_delivery_is_the_event_as_json_and_its_signature_can_be_recomputed() {
    let place = Place::sqlite();
    let desk = Desk::open(&place.open().await).await;
    let receiver = Receiver::patient().await;
    let more = "  secret: 0123456789abcdef\n  headers: { Authorization: Bearer x }\n";
    let (running, _) = deliver(&desk.log, &hook(&receiver.url, more)).await;
    desk.create_one().await.expect("created");
    receiver.until(1, PATIENCE).await;
    let one = receiver.received().remove(0);
    let header = |name: &str| one.headers[name].to_str().expect("text").to_owned();
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("authorization"), "Bearer x");
    assert_eq!(header("x-tasker-event"), "task.created");
    let event = WorkflowEvent::from(desk.events().await.remove(0));
    assert_eq!(one.body, event.to_json());
    let id = tasker::events::webhook::delivery_id("hook", event.id());
    assert_eq!(header("x-tasker-delivery"), id.to_string());
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"0123456789abcdef");
    let signed = format!("{}.{}", header("x-tasker-timestamp"), one.text);
    let expected = hmac::sign(&key, signed.as_bytes());
    assert_eq!(header("x-tasker-signature"), format!("sha256={}", hex::encode(expected)));
    running.stop().await;
}

#[tokio::test]
async fn a_private_address_is_refused_unless_it_is_allowed() {
    let place = Place::sqlite();
    let desk = Desk::open(&place.open().await).await;
    let receiver = Receiver::patient().await;
    for url in [receiver.url.clone(), receiver.url.replace("127.0.0.1", "localhost")] {
        let text = hook(&url, "  park_after: 1\n")
            .replace("allow_private_networks: true", "allow_private_networks: false");
        let (running, _) = deliver(&desk.log, &text).await;
        desk.create_one().await.expect("created");
        until("it is parked", || async { standing(&desk.database).await.parked > 0 }).await;
        let said = standing(&desk.database).await.last_error.expect("why");
        assert!(said.contains("private network") && said.contains("allow_private_networks"), "{said}");
        running.stop().await;
    }
    assert!(receiver.received().is_empty());
}

#[tokio::test]
async fn a_redirect_is_no_delivery_and_is_not_followed() {
    let place = Place::sqlite();
    let desk = Desk::open(&place.open().await).await;
    let receiver = Receiver::start(|_, _| Answer::Redirect).await;
    let (running, _) = deliver(&desk.log, &hook(&receiver.url, "  park_after: 1\n")).await;
    desk.create_one().await.expect("created");
    until("it is parked", || async { standing(&desk.database).await.parked == 1 }).await;
    let said = standing(&desk.database).await.last_error.expect("why");
    assert!(said.contains("302") && said.contains("redirects are not followed"), "{said}");
    running.stop().await;
}

#[tokio::test]
async fn a_pause_that_the_receiver_asks_for_is_kept() {
    let place = Place::sqlite();
    let desk = Desk::open(&place.open().await).await;
    let times = Arc::new(std::sync::Mutex::new(Vec::new()));
    let noted = times.clone();
    let receiver = Receiver::start(move |number, _| {
        noted.lock().expect("not poisoned").push(Instant::now());
        if number == 1 { Answer::RefuseFor(429, "1") } else { Answer::Take }
    })
    .await;
    let (running, _) = deliver(&desk.log, &hook(&receiver.url, "")).await;
    desk.create_one().await.expect("created");
    receiver.until_tried(1, PATIENCE).await;
    // Of another task, and it waits too: the receiver wants fewer altogether.
    desk.create_one().await.expect("created");
    receiver.until(2, PATIENCE).await;
    let times = times.lock().expect("not poisoned").clone();
    assert!(times[1].duration_since(times[0]) >= Duration::from_secs(1), "{times:?}");
    running.stop().await;
}
