//! How far each webhook has got in the log, which tasks wait behind it, and who delivers.
//!
//! One node at a time delivers for a webhook: it holds a lease on the webhook's row, by the database's clock. Where it
//! has got to is written now and then, in a transaction of its own, never in the journal's. Whoever takes over goes on
//! from there, so that an event is delivered at least once.

mod standing;

use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseTransaction, Statement, TransactionTrait, Value};
use uuid::Uuid;

pub use self::standing::{Dropped, Standing, dropped, forget, list, oldest_needed};
use super::{Database, Error, Kind, node::now};
use crate::model::id::TaskId;

/// The right to deliver for one webhook, until it runs out.
#[derive(Debug, Clone)]
pub struct Lease {
    /// The webhook.
    pub subscriber: String,
    /// Who this holder is; another one has another.
    pub id: Uuid,
    /// What the node is called, for people.
    pub holder: String,
    /// How long it lasts unless it is renewed.
    pub ttl: Duration,
}

/// Where a webhook is, as its new holder finds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Everything up to here is delivered, parked or given up.
    pub position: i64,
    /// The tasks that wait behind it.
    pub parked: Vec<Parked>,
}

/// A task whose deliveries wait. Moments are as far from now as these durations say.
#[derive(Debug, Clone, PartialEq)]
pub struct Parked {
    /// The task.
    pub task: TaskId,
    /// Its first event that is not delivered is here or behind this.
    pub position: i64,
    /// How often that was tried.
    pub failures: u32,
    /// For how long it has waited.
    pub waited: Duration,
    /// When it is tried again.
    pub due_in: Duration,
    /// What was answered last.
    pub error: String,
}

/// A delivery that was given up.
#[derive(Debug, Clone, PartialEq)]
pub struct GivenUp {
    /// The event's place.
    pub position: i64,
    /// Its task.
    pub task: TaskId,
    /// Its name.
    pub event: String,
    /// How often it was tried.
    pub failures: u32,
    /// What was answered last.
    pub error: String,
}

/// What has changed since the place was written last.
#[derive(Debug, Default)]
pub struct Progress {
    /// The new position.
    pub position: i64,
    /// Tasks that wait, new ones and those that were tried again.
    pub parked: Vec<Parked>,
    /// Tasks that no longer wait.
    pub freed: Vec<TaskId>,
    /// What was given up.
    pub given_up: Vec<GivenUp>,
}

/// Makes the webhook known. A new one begins at the log's end.
pub async fn register(database: &Database, subscriber: &str) -> Result<(), Error> {
    let now = now(database.kind());
    let sql = format!(
        "INSERT INTO tasker_subscribers (name, position, lease_until, seen_at)
         SELECT $1, position, 0, {now} FROM tasker_log WHERE id = 1
         ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at"
    );
    database.upkeep.execute_raw(statement(database, &sql, [subscriber.into()])).await?;
    Ok(())
}

/// Takes the lease, and answers with the place to go on from; none while another node holds it.
pub async fn acquire(database: &Database, lease: &Lease) -> Result<Option<Place>, Error> {
    let now = now(database.kind());
    let free = match database.kind() {
        // The file's lock says that whoever held it is gone.
        Kind::Sqlite => "1 = 1".to_owned(),
        Kind::Postgres => format!("(lease IS NULL OR lease = $2 OR lease_until < {now})"),
    };
    let sql = format!(
        "UPDATE tasker_subscribers SET lease = $2, holder = $3, lease_until = {now} + $4, seen_at = {now}
         WHERE name = $1 AND {free} RETURNING position"
    );
    let values: [Value; 4] = [
        lease.subscriber.as_str().into(),
        lease.id.into(),
        lease.holder.as_str().into(),
        micros(lease.ttl).into(),
    ];
    let row = database.upkeep.query_one_raw(statement(database, &sql, values)).await?;
    let Some(row) = row else { return Ok(None) };
    let parked = parked(database, &lease.subscriber).await?;
    Ok(Some(Place { position: row.try_get_by_index(0)?, parked }))
}

/// What is not after `floor` is no longer there: the webhook goes on behind it.
pub async fn skip(database: &Database, subscriber: &str, floor: i64) -> Result<(), Error> {
    let sql = "UPDATE tasker_subscribers SET position = $2 WHERE name = $1 AND position < $2";
    let values: [Value; 2] = [subscriber.into(), floor.into()];
    database.upkeep.execute_raw(statement(database, sql, values)).await?;
    Ok(())
}

async fn parked(database: &Database, subscriber: &str) -> Result<Vec<Parked>, Error> {
    let now = now(database.kind());
    let sql = format!(
        "SELECT task_id, position, failures, {now} - parked_at, next_attempt_at - {now}, last_error
         FROM tasker_subscriber_parked WHERE subscriber = $1 ORDER BY next_attempt_at"
    );
    let rows = database.upkeep.query_all_raw(statement(database, &sql, [subscriber.into()])).await?;
    let since = |micros: i64| Duration::from_micros(u64::try_from(micros).unwrap_or(0));
    rows.iter()
        .map(|row| {
            Ok(Parked {
                task: TaskId(row.try_get_by_index(0)?),
                position: row.try_get_by_index(1)?,
                failures: row.try_get_by_index::<i64>(2)?.try_into().unwrap_or(u32::MAX),
                waited: since(row.try_get_by_index(3)?),
                due_in: since(row.try_get_by_index(4)?),
                error: row.try_get_by_index(5)?,
            })
        })
        .collect()
}

/// Writes where the webhook is, and renews the lease; `false` when somebody else has it, and nothing was written.
pub async fn save(database: &Database, lease: &Lease, progress: &Progress) -> Result<bool, Error> {
    let now = now(database.kind());
    let transaction = database.upkeep.begin().await?;
    let sql = format!(
        "UPDATE tasker_subscribers SET position = $3, lease_until = {now} + $4, seen_at = {now}
         WHERE name = $1 AND lease = $2"
    );
    let name = lease.subscriber.as_str();
    let values: [Value; 4] =
        [name.into(), lease.id.into(), progress.position.into(), micros(lease.ttl).into()];
    if transaction.execute_raw(statement(database, &sql, values)).await?.rows_affected() == 0 {
        transaction.rollback().await?;
        return Ok(false);
    }
    for task in &progress.freed {
        let sql = "DELETE FROM tasker_subscriber_parked WHERE subscriber = $1 AND task_id = $2";
        transaction.execute_raw(statement(database, sql, [name.into(), task.0.into()])).await?;
    }
    for parked in &progress.parked {
        park(database, &transaction, name, parked).await?;
    }
    for given_up in &progress.given_up {
        give_up(database, &transaction, name, given_up).await?;
    }
    transaction.commit().await?;
    Ok(true)
}

async fn park(
    database: &Database,
    transaction: &DatabaseTransaction,
    subscriber: &str,
    parked: &Parked,
) -> Result<(), Error> {
    let now = now(database.kind());
    let sql = format!(
        "INSERT INTO tasker_subscriber_parked
            (subscriber, task_id, position, failures, parked_at, next_attempt_at, last_error)
         VALUES ($1, $2, $3, $4, {now} - $5, {now} + $6, $7)
         ON CONFLICT (subscriber, task_id) DO UPDATE SET position = excluded.position, failures = excluded.failures,
            parked_at = excluded.parked_at, next_attempt_at = excluded.next_attempt_at,
            last_error = excluded.last_error"
    );
    let values: [Value; 7] = [
        subscriber.into(),
        parked.task.0.into(),
        parked.position.into(),
        i64::from(parked.failures).into(),
        micros(parked.waited).into(),
        micros(parked.due_in).into(),
        parked.error.as_str().into(),
    ];
    transaction.execute_raw(statement(database, &sql, values)).await?;
    Ok(())
}

/// Delivered again after a crash and given up again, it is recorded once.
async fn give_up(
    database: &Database,
    transaction: &DatabaseTransaction,
    subscriber: &str,
    given_up: &GivenUp,
) -> Result<(), Error> {
    let now = now(database.kind());
    let sql = format!(
        "INSERT INTO tasker_subscriber_dropped
            (subscriber, position, task_id, event, dropped_at, failures, last_error)
         VALUES ($1, $2, $3, $4, {now}, $5, $6) ON CONFLICT (subscriber, position) DO NOTHING"
    );
    let values: [Value; 6] = [
        subscriber.into(),
        given_up.position.into(),
        given_up.task.0.into(),
        given_up.event.as_str().into(),
        i64::from(given_up.failures).into(),
        given_up.error.as_str().into(),
    ];
    transaction.execute_raw(statement(database, &sql, values)).await?;
    Ok(())
}

/// Gives the lease back, for another node to take at once.
pub async fn release(database: &Database, lease: &Lease) -> Result<(), Error> {
    let sql = "UPDATE tasker_subscribers SET lease = NULL, lease_until = 0, holder = NULL
         WHERE name = $1 AND lease = $2";
    let values: [Value; 2] = [lease.subscriber.as_str().into(), lease.id.into()];
    database.upkeep.execute_raw(statement(database, sql, values)).await?;
    Ok(())
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX / 4).min(i64::MAX / 4)
}

fn statement<const N: usize>(database: &Database, sql: &str, values: [Value; N]) -> Statement {
    Statement::from_sql_and_values(database.upkeep.get_database_backend(), sql, values)
}
