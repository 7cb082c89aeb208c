//! How far back the log is whole. What is no longer kept is gone below a floor, one for each namespace, and whoever
//! would read on from below it is told so instead of missing something in silence.

use sea_orm::{ConnectionTrait, DatabaseTransaction, Statement};

use super::{EventFilter, reach};
use crate::data::{Database, Error, rollup, subscribers};

/// Everything after this position that `filter` admits is in the table, but for events of tasks that somebody deleted.
pub async fn floor(database: &Database, filter: &EventFilter) -> Result<i64, Error> {
    let sql = "SELECT namespace, position FROM tasker_log_floors";
    let statement = Statement::from_string(database.reader.get_database_backend(), sql);
    let mut floor = 0;
    for row in database.reader.query_all_raw(statement).await? {
        let namespace: String = row.try_get_by_index(0)?;
        let wanted = filter.namespace.as_ref().is_none_or(|wanted| *wanted == namespace)
            && filter.scope.as_ref().is_none_or(|scope| reach::may_cover(scope, &namespace));
        if wanted {
            floor = floor.max(row.try_get_by_index(1)?);
        }
    }
    Ok(floor)
}

/// Of this namespace something up to `position` is going.
pub(in crate::data) async fn raise(
    transaction: &DatabaseTransaction,
    namespace: &str,
    position: i64,
) -> Result<(), Error> {
    let sql = "INSERT INTO tasker_log_floors (namespace, position) VALUES ($1, $2)
        ON CONFLICT (namespace) DO UPDATE SET position = excluded.position
        WHERE tasker_log_floors.position < excluded.position";
    let values = [namespace.into(), position.into()];
    transaction
        .execute_raw(Statement::from_sql_and_values(transaction.get_database_backend(), sql, values))
        .await?;
    Ok(())
}

/// What comes after this is needed by somebody who follows the log durably, and is not removed, whatever its age: the
/// least of what each of them has come to.
pub async fn needed_after(database: &Database) -> Result<i64, Error> {
    let figures = rollup::position(database).await?;
    let webhooks = subscribers::oldest_needed(database).await?.map_or(i64::MAX, |first| first - 1);
    Ok(figures.min(webhooks))
}
