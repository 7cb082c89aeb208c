//! Figures as they are stored: cells, totals, and how far in the log they are.

use std::{collections::HashMap, sync::Arc};

use sea_orm::{ColumnTrait, QueryFilter};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, EntityTrait, QuerySelect, Statement, TransactionTrait, Value,
};
use uuid::Uuid;

use super::{Database, Error, entity::task};
use crate::model::{
    analytics::{Cell, Key, Size, Totals},
    id::TaskId,
    namespaces::Namespaces,
    status::Status,
    time::Timestamp,
};

/// Rows in one statement.
const CHUNK: usize = 200;

/// Which figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellFilter {
    /// Of these namespaces.
    pub namespaces: Namespaces,
    /// Of this one of them.
    pub namespace: Option<String>,
    /// Of this template.
    pub name: Option<String>,
    /// In this version.
    pub version: Option<String>,
}

/// Everything up to here in the log is in the figures.
pub async fn position(database: &Database) -> Result<i64, Error> {
    let sql = "SELECT position FROM tasker_rolled WHERE id = 1";
    let statement = Statement::from_string(database.reader.get_database_backend(), sql);
    let row = database.reader.query_one_raw(statement).await?;
    Ok(row.ok_or_else(|| Error::Corrupt("tasker_rolled is empty".into()))?.try_get_by_index(0)?)
}

/// The versions of these tasks; those that are gone are left out.
pub async fn versions(database: &Database, tasks: &[TaskId]) -> Result<HashMap<TaskId, Arc<str>>, Error> {
    let mut versions = HashMap::new();
    for chunk in tasks.chunks(CHUNK * 5) {
        let found = task::Entity::find()
            .select_only()
            .columns([task::Column::Id, task::Column::Version])
            .filter(task::Column::Id.is_in(chunk.iter().map(|task| task.0)))
            .into_tuple::<(Uuid, String)>()
            .all(&database.reader)
            .await?;
        versions.extend(found.into_iter().map(|(id, version)| (TaskId(id), version.into())));
    }
    Ok(versions)
}

/// Adds what the events after position `from`, up to `to`, have changed. All of it or nothing: `false` when the
/// figures are not at `from`, because another node was there.
pub async fn add(
    database: &Database,
    (from, to): (i64, i64),
    changed: Vec<(Key, Cell)>,
    totals: &Totals,
) -> Result<bool, Error> {
    // Only whoever moves the position writes cells, so they may be read before.
    let merged = merged(database, changed).await?;
    let backend = database.upkeep.get_database_backend();
    let transaction = database.upkeep.begin().await?;
    let moves = "UPDATE tasker_rolled SET position = $1 WHERE id = 1 AND position = $2";
    let moves = Statement::from_sql_and_values(backend, moves, [to.into(), from.into()]);
    if transaction.execute_raw(moves).await?.rows_affected() == 0 {
        transaction.rollback().await?;
        return Ok(false);
    }
    for chunk in merged.chunks(CHUNK) {
        store(&transaction, chunk).await?;
    }
    count(&transaction, totals).await?;
    transaction.commit().await?;
    Ok(true)
}

/// What is stored of each key and what has changed.
async fn merged(database: &Database, changed: Vec<(Key, Cell)>) -> Result<Vec<(Key, Cell)>, Error> {
    let mut stretches: Vec<(Size, Timestamp)> = changed.iter().map(|(key, _)| (key.size, key.at)).collect();
    stretches.sort_unstable();
    stretches.dedup();
    let mut known = HashMap::new();
    for (size, at) in stretches {
        let sql = format!("{CELLS} WHERE size = $1 AND at = $2");
        known.extend(cells(database, sql, vec![size.micros().into(), at.0.into()]).await?);
    }
    Ok(changed
        .into_iter()
        .map(|(key, change)| {
            let mut cell = known.remove(&key).unwrap_or_default();
            cell.merge(&change);
            (key, cell)
        })
        .collect())
}

async fn store(transaction: &DatabaseTransaction, cells: &[(Key, Cell)]) -> Result<(), Error> {
    let mut values: Vec<Value> = Vec::with_capacity(cells.len() * 7);
    let mut rows = Vec::with_capacity(cells.len());
    for (key, cell) in cells {
        let first = values.len();
        let text = serde_json::to_string(cell).map_err(|error| Error::Corrupt(error.to_string()))?;
        values.extend([key.size.micros().into(), key.at.0.into()]);
        values.extend([&key.namespace, &key.name, &key.version, &key.step].map(|text| Value::from(&**text)));
        values.push(text.into());
        let places: Vec<String> = (first + 1..=values.len()).map(|place| format!("${place}")).collect();
        rows.push(format!("({})", places.join(", ")));
    }
    let sql = format!(
        "INSERT INTO tasker_rollups (size, at, namespace, name, version, step, cell) VALUES {}
         ON CONFLICT (size, at, namespace, name, version, step) DO UPDATE SET cell = excluded.cell",
        rows.join(", ")
    );
    transaction
        .execute_raw(Statement::from_sql_and_values(transaction.get_database_backend(), sql, values))
        .await?;
    Ok(())
}

/// Adds to the totals.
pub(super) async fn count(transaction: &DatabaseTransaction, totals: &Totals) -> Result<(), Error> {
    for (what, list) in [("task", &totals.tasks), ("step", &totals.steps)] {
        for (status, by) in list.iter().filter(|(_, by)| **by != 0) {
            let sql = "INSERT INTO tasker_totals (what, status, count) VALUES ($1, $2, $3)
                ON CONFLICT (what, status) DO UPDATE SET count = tasker_totals.count + excluded.count";
            let values = [what.into(), status.as_str().into(), (*by).into()];
            let backend = transaction.get_database_backend();
            transaction.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
        }
    }
    Ok(())
}

/// How many tasks and steps there are in each status, as far as the log is folded.
pub async fn totals(database: &Database) -> Result<Totals, Error> {
    let sql = "SELECT what, status, count FROM tasker_totals";
    let statement = Statement::from_string(database.reader.get_database_backend(), sql);
    let mut totals = Totals::default();
    for row in database.reader.query_all_raw(statement).await? {
        let (what, word): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let status = Status::parse(&word).ok_or_else(|| Error::Corrupt(format!("status {word}")))?;
        let list = if what == "task" { &mut totals.tasks } else { &mut totals.steps };
        list.insert(status, row.try_get_by_index(2)?);
    }
    Ok(totals)
}

/// The cells of this size that begin at `since` or later and before `until`.
pub async fn between(
    database: &Database,
    size: Size,
    (since, until): (Timestamp, Timestamp),
    filter: &CellFilter,
) -> Result<Vec<(Key, Cell)>, Error> {
    let mut sql = format!("{CELLS} WHERE size = $1 AND at >= $2 AND at < $3");
    let mut values: Vec<Value> = vec![size.micros().into(), since.0.into(), until.0.into()];
    let named = [("namespace", &filter.namespace), ("name", &filter.name), ("version", &filter.version)];
    for (column, wanted) in named {
        if let Some(wanted) = wanted {
            values.push(wanted.as_str().into());
            sql += &format!(" AND {column} = ${}", values.len());
        }
    }
    let (names, not) = match &filter.namespaces {
        Namespaces::Only(names) => (names, ""),
        Namespaces::Except(names) => (names, "NOT "),
    };
    if !filter.namespaces.is_all() {
        let first = values.len();
        values.extend(names.iter().map(|name| Value::from(&**name)));
        let places: Vec<String> = (first + 1..=values.len()).map(|place| format!("${place}")).collect();
        // Nothing is in an empty list.
        let places = if places.is_empty() { "NULL".to_owned() } else { places.join(", ") };
        sql += &format!(" AND namespace {not}IN ({places})");
    }
    cells(database, sql, values).await
}

/// Removes the cells of this size that began before.
pub async fn remove(database: &Database, size: Size, before: Timestamp) -> Result<u64, Error> {
    let sql = "DELETE FROM tasker_rollups WHERE size = $1 AND at < $2";
    let values = [size.micros().into(), before.0.into()];
    let statement = Statement::from_sql_and_values(database.upkeep.get_database_backend(), sql, values);
    Ok(database.upkeep.execute_raw(statement).await?.rows_affected())
}

const CELLS: &str = "SELECT size, at, namespace, name, version, step, cell FROM tasker_rollups";

async fn cells(database: &Database, sql: String, values: Vec<Value>) -> Result<Vec<(Key, Cell)>, Error> {
    let statement = Statement::from_sql_and_values(database.reader.get_database_backend(), sql, values);
    let rows = database.reader.query_all_raw(statement).await?;
    rows.iter()
        .map(|row| {
            let text = |place| row.try_get_by_index::<String>(place).map(Arc::from);
            let micros: i64 = row.try_get_by_index(0)?;
            let size = Size::ALL.into_iter().find(|size| size.micros() == micros);
            let cell: String = row.try_get_by_index(6)?;
            let key = Key {
                size: size.ok_or_else(|| Error::Corrupt(format!("a stretch of {micros} microseconds")))?,
                at: Timestamp(row.try_get_by_index(1)?),
                namespace: text(2)?,
                name: text(3)?,
                version: text(4)?,
                step: text(5)?,
            };
            let cell = serde_json::from_str(&cell)
                .map_err(|error| Error::Corrupt(format!("figures of {}: {error}", key.name)))?;
            Ok((key, cell))
        })
        .collect()
}
