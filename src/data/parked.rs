//! Tasks that wait in the database.

use std::time::Duration;

use sea_orm::{ConnectionTrait, Statement};

use super::{Database, Error, entity::task, load};
use crate::model::{
    change::{Change, TaskRow},
    id::{NodeId, StepNo, TaskId},
    time::Timestamp,
};

/// How long a task that can't be read is left alone.
pub const ASIDE: Duration = Duration::from_secs(300);

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

/// The digests of templates with tasks that only a worker, an operator or another program can move on.
pub async fn stuck_templates(database: &Database) -> Result<Vec<String>, Error> {
    let sql = "SELECT DISTINCT digest FROM tasker_tasks WHERE owner IS NULL AND wake_at = $1";
    let backend = database.reader.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, [Timestamp::NEVER.0.into()]);
    let rows = database.reader.query_all_raw(statement).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?)
}

/// Tasks of the template `digest` whose step at `no` waits for somebody to run it are due now. Answers with their number.
pub async fn wake_waiting(database: &Database, digest: &str, no: StepNo) -> Result<u64, Error> {
    let sql = "UPDATE tasker_tasks SET wake_at = NULL WHERE owner IS NULL AND wake_at = $1 AND digest = $2
        AND EXISTS (SELECT 1 FROM tasker_workflow_steps s
            WHERE s.task_id = tasker_tasks.id AND s.no = $3 AND s.awaiting_since IS NOT NULL)";
    let backend = database.upkeep.get_database_backend();
    let values = [Timestamp::NEVER.0.into(), digest.into(), i64::from(no.0).into()];
    let statement = Statement::from_sql_and_values(backend, sql, values);
    Ok(database.upkeep.execute_raw(statement).await?.rows_affected())
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
