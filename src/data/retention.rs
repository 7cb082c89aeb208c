//! Removing what is no longer kept: settled tasks with their belongings, old events, old records of the audit log.
//!
//! In small transactions beside the journal, which has no business with a task that is at rest. Each raises the log's
//! floor by what it takes out, so that nobody who follows the log misses something in silence.

mod events;
mod tasks;

pub use events::{Page, count_old_events, old_events, remove_events};
pub use tasks::{Candidate, Place, Removed, Shelf, next, remove, would_go};

use sea_orm::{ConnectionTrait, Statement, Value};

use super::{Database, Error};
use crate::model::time::Timestamp;

/// Removes up to `limit` records of the audit log that were made before; answers with their number.
pub async fn remove_audit(database: &Database, before: Timestamp, limit: u64) -> Result<u64, Error> {
    let sql = "DELETE FROM tasker_audit WHERE id IN
        (SELECT id FROM tasker_audit WHERE id < $1 AND last_at < $2 ORDER BY id LIMIT $3)";
    let values: [Value; 3] = [super::audit::first_of(before).into(), before.0.into(), limit.into()];
    let statement = Statement::from_sql_and_values(database.upkeep.get_database_backend(), sql, values);
    Ok(database.upkeep.execute_raw(statement).await?.rows_affected())
}

/// How many records that would be.
pub async fn old_audit(database: &Database, before: Timestamp) -> Result<u64, Error> {
    let sql = "SELECT count(*) FROM tasker_audit WHERE id < $1 AND last_at < $2";
    let values: [Value; 2] = [super::audit::first_of(before).into(), before.0.into()];
    let statement = Statement::from_sql_and_values(database.reader.get_database_backend(), sql, values);
    let row = database.reader.query_one_raw(statement).await?;
    Ok(row.map(|row| row.try_get_by_index::<i64>(0)).transpose()?.unwrap_or(0).unsigned_abs())
}

/// When the oldest settled task that is kept was settled, and when the oldest event that is kept happened.
pub async fn oldest(database: &Database) -> Result<[Option<Timestamp>; 2], Error> {
    let task =
        "SELECT completed_at FROM tasker_tasks WHERE status IN ('complete', 'cancelled', 'resolved_manually')
        ORDER BY completed_at LIMIT 1";
    let event = "SELECT occurred_at FROM tasker_workflow_events ORDER BY position LIMIT 1";
    let mut found = [None; 2];
    for (place, sql) in found.iter_mut().zip([task, event]) {
        let statement = Statement::from_string(database.reader.get_database_backend(), sql);
        let row = database.reader.query_one_raw(statement).await?;
        *place = row.map(|row| row.try_get_by_index::<i64>(0)).transpose()?.map(Timestamp);
    }
    Ok(found)
}

/// `$3, $4, …`: the places of more values, which are added.
fn places(values: &mut Vec<Value>, more: impl IntoIterator<Item = Value>) -> String {
    let first = values.len();
    values.extend(more);
    (first + 1..=values.len()).map(|place| format!("${place}")).collect::<Vec<_>>().join(", ")
}
