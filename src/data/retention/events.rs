//! Events of settled tasks that happened long ago.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, Statement, TransactionTrait, Value};

use super::places;
use crate::{
    data::{Database, Error, log},
    model::time::Timestamp,
};

/// A part of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The last position that was looked at; none where there is nothing more.
    pub last: Option<i64>,
    /// What may go, with its namespace.
    pub old: Vec<(i64, String)>,
}

/// Looks at up to `limit` events after `position`, as far as they happened before. Those of unfinished tasks stay, and
/// what somebody who follows the log has not come to.
pub async fn old_events(
    database: &Database,
    position: i64,
    before: Timestamp,
    limit: u64,
) -> Result<Page, Error> {
    let sql = "SELECT e.position, e.namespace, e.occurred_at,
            t.id IS NULL OR t.status IN ('complete', 'cancelled', 'resolved_manually') AS settled
        FROM (SELECT position, namespace, occurred_at, task_id FROM tasker_workflow_events
            WHERE position > $1 AND position <= $2 ORDER BY position LIMIT $3) e
        LEFT JOIN tasker_tasks t ON t.id = e.task_id ORDER BY e.position";
    let needed_after = log::needed_after(database).await?;
    let values: [Value; 3] = [position.into(), needed_after.into(), limit.into()];
    let statement = Statement::from_sql_and_values(database.reader.get_database_backend(), sql, values);
    let mut page = Page::default();
    for row in database.reader.query_all_raw(statement).await? {
        let (position, namespace): (i64, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        if row.try_get_by_index::<i64>(2)? >= before.0 {
            return Ok(page);
        }
        if row.try_get_by_index(3)? {
            page.old.push((position, namespace));
        }
        page.last = Some(position);
    }
    Ok(page)
}

/// Removes these events, in one transaction.
pub async fn remove_events(database: &Database, old: &[(i64, String)]) -> Result<u64, Error> {
    if old.is_empty() {
        return Ok(0);
    }
    let mut floors: BTreeMap<&str, i64> = BTreeMap::new();
    for (position, namespace) in old {
        let floor = floors.entry(namespace).or_default();
        *floor = (*floor).max(*position);
    }
    let transaction = database.upkeep.begin().await?;
    for (namespace, position) in floors {
        log::raise(&transaction, namespace, position).await?;
    }
    let mut values = Vec::new();
    let list = places(&mut values, old.iter().map(|(position, _)| (*position).into()));
    let sql = format!("DELETE FROM tasker_workflow_events WHERE position IN ({list})");
    let statement = Statement::from_sql_and_values(transaction.get_database_backend(), sql, values);
    let removed = transaction.execute_raw(statement).await?.rows_affected();
    transaction.commit().await?;
    Ok(removed)
}

/// How many events of settled tasks happened before.
pub async fn count_old_events(database: &Database, before: Timestamp) -> Result<u64, Error> {
    let sql = "SELECT count(*) FROM tasker_workflow_events e LEFT JOIN tasker_tasks t ON t.id = e.task_id
        WHERE e.occurred_at < $1 AND (t.id IS NULL OR t.status IN ('complete', 'cancelled', 'resolved_manually'))";
    let values: [Value; 1] = [before.0.into()];
    let statement = Statement::from_sql_and_values(database.reader.get_database_backend(), sql, values);
    let row = database.reader.query_one_raw(statement).await?;
    Ok(row.map(|row| row.try_get_by_index::<i64>(0)).transpose()?.unwrap_or(0).unsigned_abs())
}
