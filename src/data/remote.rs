//! Attempts that workers make: what may be claimed, who holds what, what was answered. The journal writes them.

mod open;

pub use open::{Open, Waiting, open, waiting};

use std::collections::{HashMap, HashSet};

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, TransactionTrait};
use uuid::Uuid;

use super::{
    Database, Error,
    entity::remote_attempt::{Column, Entity, Model},
};
use crate::model::{
    id::{StepNo, TaskId},
    lease::{LEASED, Lease, LeaseToken},
    time::Timestamp,
};

/// The leases that are held of these tasks' steps. One statement, none where there are no tasks.
pub async fn leases(
    database: &Database,
    tasks: impl IntoIterator<Item = Uuid>,
) -> Result<HashMap<Uuid, Vec<Lease>>, Error> {
    let tasks: Vec<Uuid> = tasks.into_iter().collect();
    let mut by_task: HashMap<Uuid, Vec<Lease>> = HashMap::new();
    if tasks.is_empty() {
        return Ok(by_task);
    }
    let held = Entity::find().filter(Column::TaskId.is_in(tasks)).filter(Column::State.eq(LEASED));
    for row in held.all(&database.reader).await? {
        by_task.entry(row.task_id).or_default().push(lease(row)?);
    }
    Ok(by_task)
}

/// What a program that knew nothing of claims has left waiting is told anew by whoever takes its task up. Answers with the
/// number of steps.
pub async fn offer_unoffered(database: &Database) -> Result<u64, Error> {
    let unoffered = "s.status = 'pending' AND s.awaiting_since IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM tasker_remote_attempts r
        WHERE r.task_id = s.task_id AND r.no = s.no AND r.attempt = s.attempts + 1 AND r.state = 'open')";
    let transaction = database.upkeep.begin().await?;
    // The tasks first: nobody takes them up before both are done.
    let tasks = format!(
        "UPDATE tasker_tasks SET wake_at = NULL WHERE owner IS NULL AND wake_at IS NOT NULL AND status = 'in_progress'
        AND EXISTS (SELECT 1 FROM tasker_workflow_steps s WHERE s.task_id = tasker_tasks.id AND {unoffered})"
    );
    transaction.execute_unprepared(&tasks).await?;
    let steps = format!(
        "UPDATE tasker_workflow_steps AS s SET awaiting_since = NULL WHERE {unoffered} AND task_id IN (
            SELECT id FROM tasker_tasks WHERE owner IS NULL AND wake_at IS NULL AND status = 'in_progress')"
    );
    let changed = transaction.execute_unprepared(&steps).await?.rows_affected();
    transaction.commit().await?;
    Ok(changed)
}

/// The row of an attempt that was leased under this token, whatever became of it.
pub async fn under(
    database: &Database,
    tokens: impl IntoIterator<Item = LeaseToken>,
) -> Result<HashMap<LeaseToken, Model>, Error> {
    let wanted: HashSet<LeaseToken> = tokens.into_iter().collect();
    let tasks: HashSet<Uuid> = wanted.iter().map(|token| token.task.0).collect();
    let mut found = HashMap::new();
    for tasks in tasks.into_iter().collect::<Vec<_>>().chunks(500) {
        let rows = Entity::find().filter(Column::TaskId.is_in(tasks.iter().copied()));
        for row in rows.filter(Column::Secret.is_not_null()).all(&database.reader).await? {
            let Ok(lease) = lease(row.clone()) else { continue };
            if wanted.contains(&lease.token) {
                found.insert(lease.token, row);
            }
        }
    }
    Ok(found)
}

fn lease(row: Model) -> Result<Lease, Error> {
    let corrupt = || Error::Corrupt(format!("the lease of attempt {} of task {}", row.attempt, row.task_id));
    Ok(Lease {
        token: LeaseToken {
            task: TaskId(row.task_id),
            no: StepNo(u32::try_from(row.no).map_err(|_| corrupt())?),
            attempt: u32::try_from(row.attempt).map_err(|_| corrupt())?,
            secret: row.secret.ok_or_else(corrupt)?,
        },
        worker: row.worker.as_deref().ok_or_else(corrupt)?.into(),
        holder: row.holder.as_deref().map(Into::into),
        expires_at: row.expires_at.map(Timestamp).ok_or_else(corrupt)?,
        deadline_at: row.deadline_at.map(Timestamp).ok_or_else(corrupt)?,
    })
}
