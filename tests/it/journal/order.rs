//! The log's positions are dense and in the order of the commits, whoever writes.

use futures_util::future::join_all;
use sqlx::{Connection, Executor, PgConnection};
use tasker::data::log::{self, EventFilter};

use super::desk::Desk;
use crate::place::Place;

/// A reader that only ever asks for what comes after its position would miss an event that appears behind it.
#[tokio::test]
async fn four_writers_leave_no_gap_that_a_reader_could_see() {
    let Some(place) = Place::postgres().await else { return };
    let database = place.open().await;
    let mut desks = Vec::new();
    for _ in 0..4 {
        desks.push(Desk::open(&database).await);
    }
    let writers = desks.iter().map(|desk| async move {
        for _ in 0..60 {
            let together = join_all((0..5).map(|_| desk.create_one())).await;
            assert!(together.iter().all(Result::is_ok));
        }
    });
    let reader = async {
        let mut position = 0;
        while position < 4 * 60 * 5 {
            let page = log::after(&database, &EventFilter::default(), position, 100).await.expect("readable");
            for recorded in page {
                assert_eq!(recorded.position, position + 1, "an event was skipped");
                position = recorded.position;
            }
        }
    };
    tokio::join!(join_all(writers), reader);
    assert_eq!(log::position(&database).await.expect("readable"), 1_200);
}

/// Why positions do not come from a sequence: the test above would fail with one.
#[tokio::test]
async fn a_sequence_would_show_a_gap() {
    let Some(place) = Place::postgres().await else { return };
    let mut slow = PgConnection::connect(&place.url).await.expect("connected");
    let mut quick = PgConnection::connect(&place.url).await.expect("connected");
    slow.execute("CREATE TABLE bare (position bigserial PRIMARY KEY)").await.expect("created");
    slow.execute("BEGIN").await.expect("begun");
    slow.execute("INSERT INTO bare DEFAULT VALUES").await.expect("first");
    quick.execute("INSERT INTO bare DEFAULT VALUES").await.expect("second");
    let seen: Vec<i64> =
        sqlx::query_scalar("SELECT position FROM bare").fetch_all(&mut quick).await.expect("readable");
    assert_eq!(seen, [2], "a reader is at 2 now, and 1 appears behind it");
    slow.execute("COMMIT").await.expect("committed");
}
