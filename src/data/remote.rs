//! Attempts that workers make: what may be claimed, who holds what, what was answered. The journal writes them.

mod open;

pub use open::{Open, open, waiting};

use std::collections::HashMap;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::{
    Database, Error,
    entity::remote_attempt::{Column, Entity, Model},
};
use crate::model::{
    id::{StepNo, TaskId},
    lease::{ANSWERED, LEASED, Lease, LeaseToken},
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

/// Whether that answer was given under that lease, by that subject, and was taken.
pub async fn has_answered(
    database: &Database,
    token: &LeaseToken,
    holder: Option<&str>,
    digest: &str,
) -> Result<bool, Error> {
    let (Ok(no), Ok(attempt)) = (i32::try_from(token.no.0), i32::try_from(token.attempt)) else {
        return Ok(false);
    };
    let row = Entity::find_by_id((token.task.0, no, attempt)).one(&database.reader).await?;
    Ok(row.is_some_and(|row| {
        row.state == ANSWERED
            && row.secret == Some(token.secret)
            && row.holder.as_deref() == holder
            && row.answer.as_deref() == Some(digest)
    }))
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
