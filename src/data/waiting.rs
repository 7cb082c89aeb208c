//! How many unsettled tasks there are, and what those wait for that no node holds. By indexes alone: settled tasks cost
//! nothing.

use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

use super::{Database, Error, load};
use crate::model::{status::Status, time::Timestamp};

/// Tasks that are not settled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unsettled {
    /// By status.
    pub by_status: Vec<(Status, i64)>,
    /// That any node may take up now.
    pub for_a_node: i64,
    /// That wait for a moment.
    pub for_a_moment: i64,
    /// That wait for somebody to act.
    pub for_somebody: i64,
}

/// Counts them. Three statements.
pub async fn count(database: &Database) -> Result<Unsettled, Error> {
    let reader = &database.reader;
    let sql = "SELECT status, count(*) FROM tasker_tasks WHERE status IN ('pending', 'in_progress', 'error') GROUP BY status";
    let rows = reader.query_all_raw(Statement::from_string(reader.get_database_backend(), sql)).await?;
    let mut by_status = Vec::new();
    for row in rows {
        by_status.push((load::status(&row.try_get_by_index::<String>(0)?)?, row.try_get_by_index(1)?));
    }
    let free = "SELECT count(*) FROM tasker_tasks
        WHERE owner IS NULL AND wake_at IS NULL AND status IN ('pending', 'in_progress')";
    let asleep = "SELECT count(*) FROM tasker_tasks WHERE owner IS NULL AND wake_at IS NOT NULL AND wake_at";
    Ok(Unsettled {
        by_status,
        for_a_node: number(reader, free, []).await?,
        for_a_moment: number(reader, &format!("{asleep} < $1"), [Timestamp::NEVER.0.into()]).await?,
        for_somebody: number(reader, &format!("{asleep} >= $1"), [Timestamp::NEVER.0.into()]).await?,
    })
}

async fn number<const N: usize>(
    reader: &DatabaseConnection,
    sql: &str,
    values: [sea_orm::Value; N],
) -> Result<i64, Error> {
    let statement = Statement::from_sql_and_values(reader.get_database_backend(), sql, values);
    let row = reader.query_one_raw(statement).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default())
}
