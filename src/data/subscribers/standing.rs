//! What people and retention ask about webhooks.

use std::time::Duration;

use sea_orm::ConnectionTrait;

use super::statement;
use crate::{
    data::{Database, Error, log::position, node::now},
    model::{id::TaskId, time::Timestamp},
};

/// A webhook that nobody has delivered for in so long was taken out of the configuration, and needs nothing any more.
const GONE: Duration = Duration::from_secs(7 * 86_400);

/// Where one webhook is.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Its name.
    pub name: String,
    /// Everything up to here is delivered, parked or given up.
    pub position: i64,
    /// Events of the log behind it, wanted or not.
    pub behind: i64,
    /// How old the first of them is.
    pub seconds_behind: f64,
    /// The node that delivers; none while nobody does.
    pub holder: Option<String>,
    /// Tasks that wait behind it.
    pub parked: i64,
    /// What was answered last for the one that is due next.
    pub last_error: Option<String>,
    /// Deliveries that were given up.
    pub dropped: i64,
}

/// A delivery that was given up.
#[derive(Debug, Clone, PartialEq)]
pub struct Dropped {
    /// The event's place in the log.
    pub position: i64,
    /// Its task.
    pub task: TaskId,
    /// Its name.
    pub event: String,
    /// When it was given up.
    pub at: Timestamp,
    /// How often it was tried.
    pub failures: i64,
    /// What was answered last.
    pub error: String,
}

/// The first position that some webhook still needs; none when there is no webhook. Retention keeps what is there and
/// behind it.
pub async fn oldest_needed(database: &Database) -> Result<Option<i64>, Error> {
    let now = now(database.kind());
    let sql = format!(
        "SELECT min(position) FROM (
            SELECT position + 1 AS position FROM tasker_subscribers WHERE seen_at >= {now} - $1
            UNION ALL
            SELECT p.position FROM tasker_subscriber_parked p JOIN tasker_subscribers s ON s.name = p.subscriber
            WHERE s.seen_at >= {now} - $1
        ) AS needed"
    );
    let gone = super::micros(GONE);
    let row = database.reader.query_one_raw(statement(database, &sql, [gone.into()])).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.flatten())
}

/// Every webhook that was ever configured here and not forgotten, by name.
pub async fn list(database: &Database) -> Result<Vec<Standing>, Error> {
    let end = position(database).await?;
    let now = now(database.kind());
    let sql = format!(
        "SELECT name, position, CASE WHEN lease_until >= {now} THEN holder END,
            (SELECT count(*) FROM tasker_subscriber_parked p WHERE p.subscriber = s.name),
            (SELECT last_error FROM tasker_subscriber_parked p WHERE p.subscriber = s.name
                ORDER BY next_attempt_at LIMIT 1),
            (SELECT count(*) FROM tasker_subscriber_dropped d WHERE d.subscriber = s.name),
            (SELECT {now} - e.occurred_at FROM tasker_workflow_events e WHERE e.position > s.position
                ORDER BY e.position LIMIT 1)
         FROM tasker_subscribers s ORDER BY name"
    );
    let rows = database.reader.query_all_raw(statement(database, &sql, [])).await?;
    rows.iter()
        .map(|row| {
            let position: i64 = row.try_get_by_index(1)?;
            let age: Option<i64> = row.try_get_by_index(6)?;
            Ok(Standing {
                name: row.try_get_by_index(0)?,
                position,
                behind: (end - position).max(0),
                seconds_behind: age.map_or(0.0, |micros| micros.max(0) as f64 / 1e6),
                holder: row.try_get_by_index(2)?,
                parked: row.try_get_by_index(3)?,
                last_error: row.try_get_by_index(4)?,
                dropped: row.try_get_by_index(5)?,
            })
        })
        .collect()
}

/// What was given up for a webhook, the newest first.
pub async fn dropped(database: &Database, subscriber: &str, limit: u32) -> Result<Vec<Dropped>, Error> {
    let sql =
        "SELECT position, task_id, event, dropped_at, failures, last_error FROM tasker_subscriber_dropped
         WHERE subscriber = $1 ORDER BY position DESC LIMIT $2";
    let values = [subscriber.into(), i64::from(limit).into()];
    let rows = database.reader.query_all_raw(statement(database, sql, values)).await?;
    rows.iter()
        .map(|row| {
            Ok(Dropped {
                position: row.try_get_by_index(0)?,
                task: TaskId(row.try_get_by_index(1)?),
                event: row.try_get_by_index(2)?,
                at: Timestamp(row.try_get_by_index(3)?),
                failures: row.try_get_by_index(4)?,
                error: row.try_get_by_index(5)?,
            })
        })
        .collect()
}

/// Forgets a webhook that nobody delivers for: its place, what waits and what was given up. `false` when somebody
/// does, or there is none.
pub async fn forget(database: &Database, subscriber: &str) -> Result<bool, Error> {
    use sea_orm::TransactionTrait;
    let now = now(database.kind());
    let sql =
        format!("DELETE FROM tasker_subscribers WHERE name = $1 AND (lease IS NULL OR lease_until < {now})");
    let transaction = database.upkeep.begin().await?;
    let gone = transaction.execute_raw(statement(database, &sql, [subscriber.into()])).await?.rows_affected();
    if gone > 0 {
        for table in ["tasker_subscriber_parked", "tasker_subscriber_dropped"] {
            let sql = format!("DELETE FROM {table} WHERE subscriber = $1");
            transaction.execute_raw(statement(database, &sql, [subscriber.into()])).await?;
        }
    }
    transaction.commit().await?;
    Ok(gone > 0)
}
