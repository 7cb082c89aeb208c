//! Tasks that wait in the database.

use std::time::Duration;

use sea_orm::{ConnectionTrait, Statement};

use super::{Database, Error};
use crate::model::{
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

/// The digests of templates with parked tasks: some may wait for a program that knows a handler, until their limit or
/// for ever.
pub async fn stuck_templates(database: &Database) -> Result<Vec<String>, Error> {
    let sql = "SELECT DISTINCT digest FROM tasker_tasks WHERE owner IS NULL AND wake_at <= $1";
    let backend = database.reader.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, [Timestamp::NEVER.0.into()]);
    let rows = database.reader.query_all_raw(statement).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?)
}

/// Tasks of the template `digest`, changed at `since` or later, of whose `steps` one waits for somebody to run it are
/// due now. Answers with their number.
pub async fn wake_waiting(
    database: &Database,
    digest: &str,
    steps: &[StepNo],
    since: Timestamp,
) -> Result<u64, Error> {
    let steps: Vec<String> = steps.iter().map(|no| no.0.to_string()).collect();
    let sql = format!(
        "UPDATE tasker_tasks SET wake_at = NULL
        WHERE owner IS NULL AND wake_at <= $1 AND digest = $2 AND updated_at >= $3
        AND EXISTS (SELECT 1 FROM tasker_workflow_steps s
            WHERE s.task_id = tasker_tasks.id AND s.no IN ({}) AND s.awaiting_since IS NOT NULL)",
        steps.join(", ")
    );
    let backend = database.upkeep.get_database_backend();
    let values = [Timestamp::NEVER.0.into(), digest.into(), since.0.into()];
    let statement = Statement::from_sql_and_values(backend, sql, values);
    Ok(database.upkeep.execute_raw(statement).await?.rows_affected())
}

/// `node` lets go of a task that it can't run, until `until`; nothing else in the row changes, nor need it be readable.
pub async fn put_aside(
    database: &Database,
    node: NodeId,
    task: TaskId,
    until: Timestamp,
) -> Result<(), Error> {
    let backend = database.upkeep.get_database_backend();
    let values = [until.0.into(), task.0.into(), node.0.into()];
    let statement = Statement::from_sql_and_values(backend, include_str!("sql/put_aside.sql"), values);
    database.upkeep.execute_raw(statement).await?;
    Ok(())
}
