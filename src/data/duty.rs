//! What one node at a time looks after for all.
//!
//! Holding a duty saves work; it protects nothing. Whoever writes for it guards what is written by itself, because a
//! node that was given up may still be at it.

use sea_orm::{ConnectionTrait, Statement};

use super::{Database, Error, Kind, node};
use crate::model::id::NodeId;

/// What is looked after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// The figures follow the log.
    Analytics,
    /// What is no longer kept goes.
    Retention,
}

impl Duty {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Analytics => "analytics",
            Self::Retention => "retention",
        }
    }
}

/// Takes the duty for `node`, or keeps it; `false` while another node has it that is alive.
pub async fn take(database: &Database, duty: Duty, node: NodeId) -> Result<bool, Error> {
    let backend = database.upkeep.get_database_backend();
    // Who has it already writes nothing.
    let holder = "SELECT node FROM tasker_duties WHERE name = $1";
    let holder = Statement::from_sql_and_values(backend, holder, [duty.as_str().into()]);
    let holder = database.reader.query_one_raw(holder).await?;
    if holder.map(|row| row.try_get_by_index::<Option<i64>>(0)).transpose()?.flatten() == Some(node.0) {
        return Ok(true);
    }
    let alive = match database.kind() {
        // The file's lock says that there is one engine; the others' rows were closed by it.
        Kind::Sqlite => String::new(),
        Kind::Postgres => format!("AND n.lease_until >= {}", node::now(database.kind())),
    };
    let sql = format!(
        "UPDATE tasker_duties SET node = $1 WHERE name = $2 AND (node IS NULL OR node = $1 OR NOT EXISTS
            (SELECT 1 FROM tasker_nodes n WHERE n.id = tasker_duties.node AND n.stopped_at IS NULL {alive}))"
    );
    let values = [node.0.into(), duty.as_str().into()];
    let statement = Statement::from_sql_and_values(backend, sql, values);
    Ok(database.upkeep.execute_raw(statement).await?.rows_affected() == 1)
}
