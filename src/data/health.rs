//! What there is at this moment, in statements that do not scan: kept totals, and indexes of what is unfinished.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, Statement, Value};
use serde::{Serialize, Serializer};

use super::{Database, Error, Kind, log, node, rollup};
use crate::model::{id::NodeId, status::Status, time::Timestamp};

/// With more unfinished tasks, steps that failed are not looked for.
const MANY: i64 = 20_000;

/// How many there are, by status.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Tasks.
    pub tasks: BTreeMap<Status, i64>,
    /// Steps.
    pub steps: BTreeMap<Status, i64>,
}

/// Steps of unfinished tasks that failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// Their next attempt is scheduled.
    pub waiting: i64,
    /// They rest in error, and attempts would be left: the error was final.
    pub retryable: i64,
    /// They rest in error, and no attempt is left.
    pub exhausted: i64,
}

/// Connections for reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Connections {
    /// How many are in use.
    pub in_use: u32,
    /// How many there may be.
    pub maximum: u32,
}

/// A node that runs, as far as can be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NodeState {
    /// Its number.
    pub id: i64,
    /// What it is called.
    pub name: String,
    /// Its program's version.
    pub program: String,
    /// When it started.
    #[serde(serialize_with = "moment")]
    pub started_at: Timestamp,
    /// Until when its lease runs; none on SQLite, where a lock on the file is held instead.
    #[serde(serialize_with = "perhaps")]
    pub lease_until: Option<Timestamp>,
    /// Tasks that it owns.
    pub tasks: i64,
    /// It is the one that answers.
    pub answers: bool,
}

/// As people and programs read a moment.
pub fn moment<S: Serializer>(moment: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&moment.to_rfc3339())
}

fn perhaps<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(Timestamp::to_rfc3339).serialize(serializer)
}

/// How many there are, and how many events the totals do not have yet. Those that are unfinished are counted; how many
/// steps and settled tasks there are is known from the totals.
pub async fn counts(database: &Database) -> Result<(Counts, i64), Error> {
    let totals = rollup::totals(database).await?;
    let behind = log::position(database).await? - rollup::position(database).await?;
    let kept = |list: &BTreeMap<Status, i64>| {
        Status::ALL.into_iter().map(|s| (s, list.get(&s).copied().unwrap_or(0).max(0))).collect()
    };
    let mut counts = Counts { tasks: kept(&totals.tasks), steps: kept(&totals.steps) };
    let sql = "SELECT status, count(*) FROM tasker_tasks
        WHERE status IN ('pending', 'in_progress', 'error') GROUP BY status";
    let statement = Statement::from_string(database.reader.get_database_backend(), sql);
    for status in [Status::Pending, Status::InProgress, Status::Error] {
        counts.tasks.insert(status, 0);
    }
    for row in database.reader.query_all_raw(statement).await? {
        let word: String = row.try_get_by_index(0)?;
        let status = Status::parse(&word).ok_or_else(|| Error::Corrupt(format!("status {word}")))?;
        counts.tasks.insert(status, row.try_get_by_index(1)?);
    }
    Ok((counts, behind.max(0)))
}

/// None where there are too many unfinished tasks to look at.
pub async fn waiting(database: &Database, counts: &Counts) -> Result<Option<Waiting>, Error> {
    let unfinished = |status| counts.tasks.get(&status).copied().unwrap_or(0);
    if unfinished(Status::InProgress) + unfinished(Status::Error) > MANY {
        return Ok(None);
    }
    let sql = "SELECT coalesce(sum(CASE WHEN s.status = 'pending' THEN 1 ELSE 0 END), 0),
            coalesce(sum(CASE WHEN s.status = 'error' AND s.attempts - s.released < s.retry_limit THEN 1 ELSE 0 END), 0),
            coalesce(sum(CASE WHEN s.status = 'error' AND s.attempts - s.released >= s.retry_limit THEN 1 ELSE 0 END), 0)
        FROM tasker_tasks t JOIN tasker_workflow_steps s ON s.task_id = t.id
        WHERE t.status IN ('pending', 'in_progress', 'error') AND t.status <> 'pending'
        AND (s.status = 'error' OR s.status = 'pending' AND s.next_attempt_at IS NOT NULL)";
    let statement = Statement::from_string(database.reader.get_database_backend(), sql);
    let Some(row) = database.reader.query_one_raw(statement).await? else { return Ok(None) };
    Ok(Some(Waiting {
        waiting: row.try_get_by_index(0)?,
        retryable: row.try_get_by_index(1)?,
        exhausted: row.try_get_by_index(2)?,
    }))
}

/// Since when the task has been due that waits longest for a node to take it up.
pub async fn backlog_since(database: &Database, now: Timestamp) -> Result<Option<Timestamp>, Error> {
    let asleep = "SELECT min(wake_at) FROM tasker_tasks WHERE owner IS NULL AND wake_at <= $1";
    let asleep = number(database, asleep, vec![now.0.into()]).await?;
    // The most urgent come first; the oldest is looked for among those that nobody has begun.
    let free = "SELECT min(updated_at) FROM (SELECT updated_at FROM tasker_tasks
        WHERE owner IS NULL AND wake_at IS NULL AND status IN ('pending', 'in_progress')
        ORDER BY priority DESC, requested_at, id LIMIT 1000) AS free";
    let free = number(database, free, Vec::new()).await?;
    Ok(asleep.into_iter().chain(free).min().map(Timestamp))
}

/// Connections for reading.
pub fn connections(database: &Database) -> Connections {
    let (size, idle, maximum) = match database.kind() {
        Kind::Sqlite => {
            let pool = database.reader.get_sqlite_connection_pool();
            (pool.size(), pool.num_idle(), pool.options().get_max_connections())
        }
        Kind::Postgres => {
            let pool = database.reader.get_postgres_connection_pool();
            (pool.size(), pool.num_idle(), pool.options().get_max_connections())
        }
    };
    Connections { in_use: size.saturating_sub(u32::try_from(idle).unwrap_or(u32::MAX)), maximum }
}

/// The nodes that run, in the order in which they started.
pub async fn nodes(database: &Database, own: NodeId) -> Result<Vec<NodeState>, Error> {
    let alive = match database.kind() {
        Kind::Sqlite => String::new(),
        Kind::Postgres => format!("AND n.lease_until >= {}", node::now(database.kind())),
    };
    let sql = format!(
        "SELECT n.id, n.name, n.program, n.started_at, n.lease_until,
            (SELECT count(*) FROM tasker_tasks t WHERE t.owner = n.id) AS tasks
        FROM tasker_nodes n WHERE n.stopped_at IS NULL {alive} ORDER BY n.id"
    );
    let statement = Statement::from_string(database.reader.get_database_backend(), sql);
    let rows = database.reader.query_all_raw(statement).await?;
    rows.iter()
        .map(|row| {
            let id = row.try_get_by_index(0)?;
            let leased = database.kind() == Kind::Postgres;
            Ok(NodeState {
                id,
                name: row.try_get_by_index(1)?,
                program: row.try_get_by_index(2)?,
                started_at: Timestamp(row.try_get_by_index(3)?),
                lease_until: leased.then(|| row.try_get_by_index(4)).transpose()?.map(Timestamp),
                tasks: row.try_get_by_index(5)?,
                answers: id == own.0,
            })
        })
        .collect()
}

async fn number(database: &Database, sql: &str, values: Vec<Value>) -> Result<Option<i64>, Error> {
    let statement = Statement::from_sql_and_values(database.reader.get_database_backend(), sql, values);
    let row = database.reader.query_one_raw(statement).await?;
    Ok(row.map(|row| row.try_get_by_index::<Option<i64>>(0)).transpose()?.flatten())
}
