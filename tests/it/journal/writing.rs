//! What one flush writes, and what it does when a change can't be written.

use futures_util::future::join_all;
use sea_orm::ConnectionTrait;
use serde_json::json;
use tasker::{
    data::{Error, Kind, journal::Claim, lock::EngineLock},
    model::status::Status,
};

use super::desk::{Desk, NOW, complete, start};
use crate::place::Place;

on_both_databases![
    a_start_and_its_end_in_one_flush_are_one_row_and_two_events,
    a_lost_guard_fails_alone,
    a_refused_value_fails_alone,
    who_lost_the_lease_writes_nothing,
    who_lost_the_lease_takes_nothing,
];

async fn a_start_and_its_end_in_one_flush_are_one_row_and_two_events(place: Place) {
    let desk = Desk::open(&place.open().await).await;
    let mut task = desk.task().await;
    let before = desk.journal.statistics().totals();
    let (begun, ended) = (start(&mut task, 0), complete(&mut task, 0));
    let (noted, committed) = tokio::join!(desk.journal.note(begun), desk.journal.commit(ended));
    noted.and(committed).expect("written");
    let cost = desk.journal.statistics().totals() - before;
    // The task's row, the step's row, three events, the fence and the position.
    assert_eq!((cost.flushes, cost.changes, cost.rows), (1, 2, 7));
    let (row, steps) = desk.rows(task.id()).await;
    assert_eq!((row.status.as_str(), steps[0].status.as_str()), ("in_progress", "complete"));
    assert_eq!((steps[0].attempts, steps[0].results.as_ref()), (1, Some(&json!({"n": 0}))));
    let names: Vec<String> = desk.events().await.iter().map(|one| one.event.name.as_str().into()).collect();
    assert_eq!(names, ["task.created", "task.started", "step.started", "step.completed"]);
}

async fn a_lost_guard_fails_alone(place: Place) {
    let desk = Desk::open(&place.open().await).await;
    let mut tasks = Vec::new();
    for _ in 0..20 {
        tasks.push(desk.task().await);
    }
    let mut changes: Vec<_> = tasks.iter_mut().map(|task| start(task, 0)).collect();
    changes[7].from = Status::Error;
    changes[12].steps[0].from = Status::InProgress;
    let answers = join_all(changes.into_iter().map(|change| desk.journal.commit(change))).await;
    for (no, (answer, task)) in answers.iter().zip(&tasks).enumerate() {
        let (row, steps) = desk.rows(task.id()).await;
        if no == 7 || no == 12 {
            assert!(matches!(answer, Err(Error::Guard)), "{answer:?}");
            assert_eq!((row.status.as_str(), steps[0].status.as_str()), ("pending", "pending"), "task {no}");
        } else {
            assert!(answer.is_ok(), "{answer:?}");
            assert_eq!((row.status.as_str(), steps[0].status.as_str()), ("in_progress", "in_progress"));
        }
    }
    let events = desk.events().await;
    assert_eq!(events.len(), 20 + 18 * 2);
    assert_eq!(events.last().map(|last| last.position), Some(56), "no position is left out");
}

async fn a_refused_value_fails_alone(place: Place) {
    let desk = Desk::open(&place.open().await).await;
    let known = desk.create_one().await.expect("created");
    let mut new: Vec<_> = (0..10).map(|_| desk.new_task()).collect();
    new[4].id = known;
    if desk.database.kind() == Kind::Postgres {
        new[6].events[0].details = Some(json!({"nul": "\u{0}"}));
    }
    let refused: &[usize] = if desk.database.kind() == Kind::Postgres { &[4, 6] } else { &[4] };
    let answers = join_all(new.into_iter().map(|task| desk.journal.create(vec![task], Vec::new()))).await;
    let failed: Vec<usize> =
        (0..).zip(&answers).filter(|(_, answer)| answer.is_err()).map(|(no, _)| no).collect();
    assert_eq!(failed, refused, "{answers:?}");
    assert_eq!(desk.number("SELECT count(*) FROM tasker_tasks").await, 11 - refused.len() as i64);
}

async fn who_lost_the_lease_writes_nothing(place: Place) {
    let desk = Desk::open(&place.open().await).await;
    let mut task = desk.task().await;
    desk.database
        .upkeep
        .execute_unprepared("UPDATE tasker_nodes SET epoch = epoch + 1")
        .await
        .expect("raised");
    for change in [start(&mut task, 0), complete(&mut task, 0)] {
        assert!(matches!(desk.journal.commit(change).await, Err(Error::Fenced)));
    }
    assert!(matches!(desk.create_one().await, Err(Error::Fenced)));
    assert_eq!(desk.rows(task.id()).await.0.status, "pending");
    assert_eq!(desk.events().await.len(), 1);
}

async fn who_lost_the_lease_takes_nothing(place: Place) {
    let desk = Desk::open(&place.open().await).await;
    let task = desk.task().await.id();
    for free in ["UPDATE tasker_tasks SET owner = NULL", "UPDATE tasker_nodes SET epoch = epoch + 1"] {
        desk.database.upkeep.execute_unprepared(free).await.expect(free);
    }
    // The first one finds out by itself, and not from a flush before it.
    assert!(matches!(desk.journal.claim(Claim::Due { limit: 10, now: NOW }).await, Err(Error::Fenced)));
    assert!(matches!(desk.journal.claim(Claim::One(task)).await, Err(Error::Fenced)));
    assert_eq!(desk.rows(task).await.0.owner, None);
}

#[test]
fn a_second_engine_on_a_file_is_refused_with_a_sentence() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let path = folder.path().join("tasker.db");
    let held = EngineLock::take(&path).expect("free");
    let refused = EngineLock::take(&path).expect_err("in use").to_string();
    // The same file by other names.
    std::fs::File::create(&path).expect("created");
    std::os::unix::fs::symlink(&path, folder.path().join("link.db")).expect("linked");
    for name in ["link.db", "./tasker.db", ".//tasker.db"] {
        let name = folder.path().join(name);
        assert!(EngineLock::take(&name).is_err(), "{}", name.display());
    }
    assert!(
        refused.ends_with("is in use by another tasker; stop it, or give this one its own --database-url"),
        "{refused}"
    );
    drop(held);
    EngineLock::take(&path).expect("free again");
}

/// A server that is out of memory for many rows has enough for fewer.
#[tokio::test]
async fn what_is_too_much_at_once_is_written_in_parts() {
    let Some(place) = Place::postgres().await else { return };
    let desk = Desk::open(&place.open().await).await;
    let short_of_memory = "CREATE FUNCTION short() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF (SELECT count(*) FROM added) > 3 THEN RAISE EXCEPTION 'out of memory' USING ERRCODE = '53200'; END IF;
            RETURN NULL;
        END $$;
        CREATE TRIGGER short AFTER INSERT ON tasker_tasks REFERENCING NEW TABLE AS added EXECUTE FUNCTION short()";
    desk.database.upkeep.execute_unprepared(short_of_memory).await.expect("the trigger");
    let answers = join_all((0..20).map(|_| desk.create_one())).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let whole = (0..5).map(|_| desk.new_task()).collect();
    let refused = desk.journal.create(whole, Vec::new()).await.expect_err("it can't be halved").to_string();
    assert!(refused.contains("too much at once") && refused.contains("out of memory"), "{refused}");
    assert_eq!(desk.number("SELECT count(*) FROM tasker_tasks").await, 20);
}
