//! Nodes and their leases. A restarted process is a new node; a dead one's tasks are given to who asks.
//!
//! Instants are compared by the database's clock. Taking over and flushing lock the same node row, so that a
//! node that lost its lease cannot write, however late it wakes.

use std::{collections::HashMap, time::Duration};

use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, EntityTrait, QueryFilter,
    Statement, TransactionTrait,
};
use sqlx::{Connection, PgConnection};

use super::{
    Database, Error, Kind,
    connect::Target,
    entity::node::{Column, Entity},
};
use crate::model::id::NodeId;

/// What a node signs its writes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// Its row.
    pub id: NodeId,
    /// Raised by whoever takes it over.
    pub epoch: i64,
}

/// Registers this process as a node.
pub async fn register(database: &Database, name: &str, lease: Duration) -> Result<Identity, Error> {
    let sql = registration(database.kind());
    let values = [name.into(), env!("CARGO_PKG_VERSION").into(), micros(lease).into()];
    let row = database.upkeep.query_one_raw(statement(&database.upkeep, &sql, values)).await?;
    let id = row
        .ok_or_else(|| Error::Corrupt("registering a node answered no row".into()))?
        .try_get_by_index(0)?;
    Ok(Identity { id: NodeId(id), epoch: 1 })
}

fn registration(kind: Kind) -> String {
    let now = now(kind);
    format!(
        "INSERT INTO tasker_nodes (name, program, epoch, flush_no, started_at, lease_until)
         VALUES ($1, $2, 1, 0, {now}, {now} + $3) RETURNING id"
    )
}

/// What these nodes are called.
pub async fn names(
    database: &Database,
    nodes: impl IntoIterator<Item = i64>,
) -> Result<HashMap<i64, String>, Error> {
    let found = Entity::find().filter(Column::Id.is_in(nodes)).all(&database.reader).await?;
    Ok(found.into_iter().map(|node| (node.id, node.name)).collect())
}

/// Takes over what belongs to nodes that are gone: their epoch is raised, their tasks are free again and
/// remember it. Answers with the number of tasks.
///
/// On SQLite the file's lock says that every other node is gone; on PostgreSQL their lease does.
pub async fn take_over(database: &Database, own: Option<NodeId>) -> Result<u64, Error> {
    let now = now(database.kind());
    let gone = match database.kind() {
        Kind::Sqlite => String::new(),
        Kind::Postgres => format!("AND lease_until < {now}"),
    };
    let bury = format!(
        "UPDATE tasker_nodes SET epoch = epoch + 1, stopped_at = {now}
         WHERE stopped_at IS NULL AND id <> $1 {gone} RETURNING id"
    );
    let transaction = database.upkeep.begin().await?;
    let own = own.map_or(0, |node| node.0);
    let rows = transaction.query_all_raw(statement(&database.upkeep, &bury, [own.into()])).await?;
    let mut tasks = 0;
    for row in &rows {
        tasks += free(database, &transaction, "owner = $1", row.try_get_by_index(0)?).await?;
    }
    if database.kind() == Kind::Sqlite {
        // Also those of a node that retired in order, and whose last claim came after that.
        tasks += free(database, &transaction, "owner <> $1", own).await?;
    }
    transaction.commit().await?;
    Ok(tasks)
}

/// What has not begun keeps its delay. Anything else is due now: what it waited for when it was parked may have come
/// since it was taken up, and whoever runs it next knows.
async fn free(
    database: &Database,
    transaction: &DatabaseTransaction,
    whose: &str,
    node: i64,
) -> Result<u64, Error> {
    let sql = format!(
        "UPDATE tasker_tasks SET owner = NULL, recoveries = recoveries + 1,
            wake_at = CASE WHEN status = 'pending' THEN wake_at END WHERE {whose}"
    );
    Ok(transaction.execute_raw(statement(&database.upkeep, &sql, [node.into()])).await?.rows_affected())
}

/// A PostgreSQL connection that does nothing but hold a lease.
pub struct Lease {
    connection: PgConnection,
}

impl Lease {
    /// Opens it.
    pub async fn connect(database: &Database) -> Result<Self, Error> {
        match &database.target {
            Target::Postgres(options) => Ok(Self { connection: PgConnection::connect_with(options).await? }),
            Target::Sqlite(_) => Err(Error::Address("a SQLite file has a lock, not a lease".into())),
        }
    }

    /// Renews the lease of `node`; `false` when somebody has taken the node over.
    pub async fn renew(&mut self, node: Identity, ttl: Duration) -> Result<bool, Error> {
        let sql = "UPDATE tasker_nodes SET lease_until = (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + $1
             WHERE id = $2 AND epoch = $3 AND stopped_at IS NULL";
        let query = sqlx::query(sql).bind(micros(ttl)).bind(node.id.0).bind(node.epoch);
        Ok(query.execute(&mut self.connection).await?.rows_affected() == 1)
    }

    /// See [`register`].
    pub async fn register(&mut self, name: &str, ttl: Duration) -> Result<Identity, Error> {
        let sql = sqlx::AssertSqlSafe(registration(Kind::Postgres));
        let query = sqlx::query_scalar(sql).bind(name).bind(env!("CARGO_PKG_VERSION")).bind(micros(ttl));
        Ok(Identity { id: NodeId(query.fetch_one(&mut self.connection).await?), epoch: 1 })
    }

    /// Says goodbye to the server.
    pub async fn close(self) -> Result<(), Error> {
        Ok(self.connection.close().await?)
    }
}

/// The node goes and writes no more. What it could not give back itself is free again.
pub async fn retire(database: &Database, node: Identity) -> Result<(), Error> {
    let now = now(database.kind());
    let bury = format!(
        "UPDATE tasker_nodes SET epoch = epoch + 1, stopped_at = {now} WHERE id = $1 AND epoch = $2 RETURNING id"
    );
    let transaction = database.upkeep.begin().await?;
    let own = statement(&database.upkeep, &bury, [node.id.0.into(), node.epoch.into()]);
    if transaction.query_one_raw(own).await?.is_some() {
        free(database, &transaction, "owner = $1", node.id.0).await?;
    }
    Ok(transaction.commit().await?)
}

/// The database's own clock in microseconds.
pub(super) const fn now(kind: Kind) -> &'static str {
    match kind {
        Kind::Sqlite => "CAST((julianday('now') - 2440587.5) * 86400000000 AS integer)",
        Kind::Postgres => "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

fn statement<const N: usize>(
    connection: &DatabaseConnection,
    sql: &str,
    values: [sea_orm::Value; N],
) -> Statement {
    Statement::from_sql_and_values(connection.get_database_backend(), sql, values)
}
