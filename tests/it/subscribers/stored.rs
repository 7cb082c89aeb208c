//! The lease, and what retention may take away.

use std::time::Duration;

use tasker::{
    data::{
        Database, Kind,
        subscribers::{self, Lease, Parked, Progress},
    },
    model::id::TaskId,
};
use uuid::Uuid;

use crate::{journal::desk::Desk, place::Place};

on_both_databases![
    a_webhook_begins_at_the_logs_end_and_keeps_its_place,
    who_has_lost_the_lease_writes_nothing,
    what_a_webhook_still_needs_is_its_place_or_what_is_parked_before_it,
    only_a_webhook_that_nobody_delivers_for_is_forgotten,
];

fn lease(ttl: Duration) -> Lease {
    Lease { subscriber: "hook".into(), id: Uuid::now_v7(), holder: "test".into(), ttl }
}

const LONG: Duration = Duration::from_secs(60);

async fn acquire(database: &Database, lease: &Lease) -> Option<i64> {
    subscribers::acquire(database, lease).await.expect("asked").map(|place| place.position)
}

async fn a_webhook_begins_at_the_logs_end_and_keeps_its_place(place: Place) {
    let desk = Desk::open(&place.open().await).await;
    desk.create_one().await.expect("created");
    subscribers::register(&desk.database, "hook").await.expect("registered");
    desk.create_one().await.expect("created");
    subscribers::register(&desk.database, "hook").await.expect("registered again");
    assert_eq!(acquire(&desk.database, &lease(LONG)).await, Some(1));
}

async fn who_has_lost_the_lease_writes_nothing(place: Place) {
    let database = place.open().await;
    subscribers::register(&database, "hook").await.expect("registered");
    let (first, second) = (lease(LONG), lease(LONG));
    assert_eq!(acquire(&database, &first).await, Some(0));
    let later = acquire(&database, &second).await;
    match database.kind() {
        // One engine has the file to itself.
        Kind::Sqlite => assert_eq!(later, Some(0)),
        Kind::Postgres => {
            assert_eq!(later, None, "it is held");
            subscribers::release(&database, &first).await.expect("released");
            assert_eq!(acquire(&database, &second).await, Some(0));
        }
    }
    let parked = vec![Parked {
        task: TaskId::new(),
        position: 3,
        failures: 5,
        waited: Duration::ZERO,
        due_in: LONG,
        error: "no".into(),
    }];
    let progress = Progress { position: 7, parked, ..Progress::default() };
    assert!(!subscribers::save(&database, &first, &progress).await.expect("asked"));
    assert!(
        subscribers::save(&database, &second, &Progress { position: 5, ..Progress::default() })
            .await
            .expect("asked")
    );
    let list = subscribers::list(&database).await.expect("readable");
    assert_eq!((list[0].position, list[0].parked), (5, 0));
    if database.kind() == Kind::Postgres {
        let short = lease(Duration::from_millis(1));
        subscribers::release(&database, &second).await.expect("released");
        assert_eq!(acquire(&database, &short).await, Some(5));
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(acquire(&database, &lease(LONG)).await, Some(5), "it has run out");
    }
}

async fn what_a_webhook_still_needs_is_its_place_or_what_is_parked_before_it(place: Place) {
    let database = place.open().await;
    let needed = || async { subscribers::oldest_needed(&database).await.expect("readable") };
    assert_eq!(needed().await, None, "there is no webhook");
    subscribers::register(&database, "hook").await.expect("registered");
    assert_eq!(needed().await, Some(1));
    let own = lease(LONG);
    acquire(&database, &own).await.expect("free");
    let task = TaskId::new();
    let parked = Parked {
        task,
        position: 12,
        failures: 5,
        waited: Duration::from_secs(5),
        due_in: LONG,
        error: "no".into(),
    };
    let progress = Progress { position: 20, parked: vec![parked], ..Progress::default() };
    assert!(subscribers::save(&database, &own, &progress).await.expect("asked"));
    assert_eq!(needed().await, Some(12));
    let found = subscribers::acquire(&database, &lease(LONG)).await.expect("asked");
    if let Some(place) = found {
        let [parked] = place.parked.as_slice() else { panic!("one is parked") };
        assert!((parked.position, parked.failures) == (12, 5) && parked.waited >= Duration::from_secs(5));
        assert!(parked.due_in <= LONG && parked.due_in > LONG / 2, "{parked:?}");
    } else {
        let progress = Progress { position: 20, freed: vec![task], ..Progress::default() };
        assert!(subscribers::save(&database, &own, &progress).await.expect("asked"));
        assert_eq!(needed().await, Some(21));
    }
    // Seven days without a service that has it configured.
    let sql = "UPDATE tasker_subscribers SET seen_at = seen_at - 8 * CAST(86400000000 AS bigint)";
    sea_orm::ConnectionTrait::execute_unprepared(&database.upkeep, sql).await.expect(sql);
    assert_eq!(needed().await, None, "it was taken out of the configuration");
}

async fn only_a_webhook_that_nobody_delivers_for_is_forgotten(place: Place) {
    let database = place.open().await;
    subscribers::register(&database, "hook").await.expect("registered");
    let own = lease(LONG);
    acquire(&database, &own).await.expect("free");
    assert!(!subscribers::forget(&database, "hook").await.expect("asked"));
    subscribers::release(&database, &own).await.expect("released");
    assert!(subscribers::forget(&database, "hook").await.expect("asked"));
    assert!(!subscribers::forget(&database, "hook").await.expect("asked"));
    assert_eq!(subscribers::list(&database).await.expect("readable"), []);
}
