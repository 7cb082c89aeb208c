//! Tasks that wait in the database.

use std::time::Duration;

use sea_orm::{ConnectionTrait, Statement};

use super::{Database, Error, entity::task, load};
use crate::model::{
    change::{Change, TaskRow},
    id::{NodeId, TaskId},
    time::Timestamp,
};

/// How long a task that can't be read is left alone.
const ASIDE: Duration = Duration::from_secs(300);

/// When the next free task is due, of those that wait for a moment.
pub async fn next_wake(database: &Database) -> Result<Option<Timestamp>, Error> {
    let sql = "SELECT wake_at FROM tasker_tasks WHERE owner IS NULL AND wake_at IS NOT NULL ORDER BY wake_at LIMIT 1";
    let statement = Statement::from_string(database.reader.get_database_backend(), sql);
    let row = database.reader.query_one_raw(statement).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.map(Timestamp))
}

/// The tasks of `node`.
pub async fn owned(database: &Database, node: NodeId) -> Result<Vec<TaskId>, Error> {
    let sql = "SELECT id FROM tasker_tasks WHERE owner = $1";
    let backend = database.reader.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, [node.0.into()]);
    let rows = database.reader.query_all_raw(statement).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0).map(TaskId)).collect::<Result<_, _>>()?)
}

/// The change that lets go of an owned task for a while, made of its row alone.
pub fn put_aside(row: &task::Model, now: Timestamp) -> Option<Change> {
    let status = load::status(&row.status).ok()?;
    let aside = TaskRow {
        status,
        released: true,
        wake_at: Some(now.plus(ASIDE)),
        started_at: row.started_at.map(Timestamp),
        completed_at: row.completed_at.map(Timestamp),
        updated_at: now,
        recoveries: u32::try_from(row.recoveries).unwrap_or(0),
        reason: row.reason.clone(),
        tags: load::texts(&row.tags).unwrap_or_default(),
    };
    Some(Change {
        task: TaskId(row.id),
        from: status,
        row: Some(aside),
        steps: Vec::new(),
        events: Vec::new(),
    })
}
