//! Tasks that have been at rest for long.

use std::collections::{BTreeMap, HashMap};

use sea_orm::{ConnectionTrait, DatabaseTransaction, Statement, TransactionTrait, Value};
use uuid::Uuid;

use super::places;
use crate::{
    data::{Database, Error, audit, belongings, log, rollup},
    model::{analytics::Totals, audit::AuditRecord, status::Status, time::Timestamp},
};

/// Tasks that are found together, in the order in which they came to rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shelf {
    /// Settled ones.
    Settled,
    /// Those that rest in error.
    Error,
}

/// A place on a shelf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// When the task came to rest.
    pub at: Timestamp,
    /// Which.
    pub id: Uuid,
}

/// A task that came to rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Where it is.
    pub place: Place,
    /// In which namespace.
    pub namespace: String,
    /// How it ended.
    pub status: Status,
}

/// How many rows went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removed {
    /// Tasks.
    pub tasks: u64,
    /// Their steps, events, notes: everything else.
    pub belongings: u64,
}

impl Shelf {
    /// The statuses of what is on it.
    pub const fn statuses(self) -> &'static [Status] {
        match self {
            Self::Settled => &[Status::Complete, Status::Cancelled, Status::ResolvedManually],
            Self::Error => &[Status::Error],
        }
    }

    /// As the index has it, and what the tasks are ordered by.
    const fn condition(self) -> (&'static str, &'static str) {
        match self {
            Self::Settled => ("status IN ('complete', 'cancelled', 'resolved_manually')", "completed_at"),
            Self::Error => (
                "status IN ('complete', 'error', 'cancelled', 'resolved_manually')
                 AND coalesce(completed_at, 0) <> updated_at AND status = 'error'",
                "updated_at",
            ),
        }
    }
}

impl Place {
    /// Before all others.
    pub const START: Self = Self { at: Timestamp(i64::MIN), id: Uuid::nil() };
}

/// The next tasks on the shelf that came to rest before.
pub async fn next(
    database: &Database,
    shelf: Shelf,
    after: Place,
    before: Timestamp,
    limit: u64,
) -> Result<Vec<Candidate>, Error> {
    let (on_shelf, at) = shelf.condition();
    let sql = format!(
        "SELECT {at}, id, namespace, status FROM tasker_tasks
         WHERE {on_shelf} AND ({at}, id) > ($1, $2) AND {at} < $3 ORDER BY {at}, id LIMIT $4"
    );
    let values: [Value; 4] = [after.at.0.into(), after.id.into(), before.0.into(), limit.into()];
    let statement = Statement::from_sql_and_values(database.reader.get_database_backend(), sql, values);
    let rows = database.reader.query_all_raw(statement).await?;
    rows.iter()
        .map(|row| {
            let word: String = row.try_get_by_index(3)?;
            Ok(Candidate {
                place: Place { at: Timestamp(row.try_get_by_index(0)?), id: row.try_get_by_index(1)? },
                namespace: row.try_get_by_index(2)?,
                status: Status::parse(&word).ok_or_else(|| Error::Corrupt(format!("status {word}")))?,
            })
        })
        .collect()
}

/// Removes those of `tasks` that are still at rest on the shelf since before, in one transaction. What somebody who
/// follows the log has not come to stays. `record` is what the audit log says of each namespace.
pub async fn remove(
    database: &Database,
    shelf: Shelf,
    tasks: &[Candidate],
    before: Timestamp,
    record: impl FnMut(&str, u64) -> AuditRecord,
) -> Result<Removed, Error> {
    let last = last_events(database, tasks).await?;
    let needed_after = log::needed_after(database).await?;
    let free = |task: &&Candidate| last.get(&task.place.id).is_none_or(|last| *last <= needed_after);
    let ids: Vec<Uuid> = tasks.iter().filter(free).map(|task| task.place.id).collect();
    if ids.is_empty() {
        return Ok(Removed::default());
    }
    let transaction = database.upkeep.begin().await?;
    let gone = remove_rows(&transaction, shelf, &ids, before).await?;
    let ids: Vec<Uuid> = gone.iter().map(|(id, ..)| *id).collect();
    let mut removed = Removed { tasks: ids.len() as u64, belongings: 0 };
    if !ids.is_empty() {
        let mut totals = Totals { steps: steps(&transaction, &ids).await?, ..Totals::default() };
        let mut namespaces: BTreeMap<&str, (i64, u64)> = BTreeMap::new();
        for (id, namespace, status) in &gone {
            *totals.tasks.entry(*status).or_default() -= 1;
            let (position, count) = namespaces.entry(namespace).or_default();
            *position = last.get(id).copied().unwrap_or(0).max(*position);
            *count += 1;
        }
        for (table, column) in belongings::TABLES {
            let sql = |list: &str| format!("DELETE FROM {table} WHERE {column} IN ({list})");
            removed.belongings += execute(&transaction, &ids, sql).await?;
        }
        for (namespace, (position, _)) in &namespaces {
            log::raise(&transaction, namespace, *position).await?;
        }
        rollup::count(&transaction, &totals).await?;
        let mut record = record;
        let records: Vec<AuditRecord> =
            namespaces.iter().map(|(namespace, (_, count))| record(namespace, *count)).collect();
        audit::counted(&transaction, &records).await?;
    }
    transaction.commit().await?;
    Ok(removed)
}

/// How many tasks of each namespace came to rest on the shelf before.
pub async fn would_go(
    database: &Database,
    status: Status,
    before: Timestamp,
) -> Result<BTreeMap<String, u64>, Error> {
    let shelf = if status == Status::Error { Shelf::Error } else { Shelf::Settled };
    let (on_shelf, at) = shelf.condition();
    let sql = format!(
        "SELECT namespace, count(*) FROM tasker_tasks
         WHERE {on_shelf} AND {at} < $1 AND status || '' = $2 AND owner IS NULL GROUP BY namespace"
    );
    let values: [Value; 2] = [before.0.into(), status.as_str().into()];
    let statement = Statement::from_sql_and_values(database.reader.get_database_backend(), sql, values);
    let rows = database.reader.query_all_raw(statement).await?;
    rows.iter()
        .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index::<i64>(1)?.unsigned_abs())))
        .collect()
}

/// The position of each task's last event.
async fn last_events(database: &Database, tasks: &[Candidate]) -> Result<HashMap<Uuid, i64>, Error> {
    let mut values = Vec::new();
    let list = places(&mut values, tasks.iter().map(|task| task.place.id.into()));
    let sql = format!(
        "SELECT task_id, max(position) FROM tasker_workflow_events WHERE task_id IN ({list}) GROUP BY task_id"
    );
    let statement = Statement::from_sql_and_values(database.reader.get_database_backend(), sql, values);
    let rows = database.reader.query_all_raw(statement).await?;
    rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

/// The deciding statement: a task that somebody has taken up again meanwhile stays.
async fn remove_rows(
    transaction: &DatabaseTransaction,
    shelf: Shelf,
    ids: &[Uuid],
    before: Timestamp,
) -> Result<Vec<(Uuid, String, Status)>, Error> {
    let (on_shelf, at) = shelf.condition();
    let mut values: Vec<Value> = vec![before.0.into()];
    let list = places(&mut values, ids.iter().map(|id| (*id).into()));
    let sql = format!(
        "DELETE FROM tasker_tasks WHERE id IN ({list}) AND {on_shelf} AND {at} < $1 AND owner IS NULL
         RETURNING id, namespace, status"
    );
    let statement = Statement::from_sql_and_values(transaction.get_database_backend(), sql, values);
    let rows = transaction.query_all_raw(statement).await?;
    rows.iter()
        .map(|row| {
            let word: String = row.try_get_by_index(2)?;
            let status = Status::parse(&word).ok_or_else(|| Error::Corrupt(format!("status {word}")))?;
            Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?, status))
        })
        .collect()
}

/// How many steps less there will be, by status.
async fn steps(transaction: &DatabaseTransaction, ids: &[Uuid]) -> Result<BTreeMap<Status, i64>, Error> {
    let mut values = Vec::new();
    let list = places(&mut values, ids.iter().map(|id| (*id).into()));
    let sql = format!(
        "SELECT status, count(*) FROM tasker_workflow_steps WHERE task_id IN ({list}) GROUP BY status"
    );
    let statement = Statement::from_sql_and_values(transaction.get_database_backend(), sql, values);
    let rows = transaction.query_all_raw(statement).await?;
    rows.iter()
        .map(|row| {
            let word: String = row.try_get_by_index(0)?;
            let status = Status::parse(&word).ok_or_else(|| Error::Corrupt(format!("status {word}")))?;
            Ok((status, -row.try_get_by_index::<i64>(1)?))
        })
        .collect()
}

async fn execute(
    transaction: &DatabaseTransaction,
    ids: &[Uuid],
    sql: impl FnOnce(&str) -> String,
) -> Result<u64, Error> {
    let mut values = Vec::new();
    let list = places(&mut values, ids.iter().map(|id| (*id).into()));
    let statement = Statement::from_sql_and_values(transaction.get_database_backend(), sql(&list), values);
    Ok(transaction.execute_raw(statement).await?.rows_affected())
}
