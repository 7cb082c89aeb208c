//! Webhooks: how far each has got in the log, which tasks wait behind it, and what was given up.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Programs that know nothing of webhooks leave the tables alone: the oldest one may still run. Instants are in
/// microseconds, by the database's clock.
const TABLES: &str = "
CREATE TABLE tasker_subscribers (
    name text PRIMARY KEY,
    position bigint NOT NULL,
    lease {uuid},
    lease_until bigint NOT NULL,
    holder text,
    seen_at bigint NOT NULL
);
CREATE TABLE tasker_subscriber_parked (
    subscriber text NOT NULL,
    task_id {uuid} NOT NULL,
    position bigint NOT NULL,
    failures bigint NOT NULL,
    parked_at bigint NOT NULL,
    next_attempt_at bigint NOT NULL,
    last_error text NOT NULL,
    PRIMARY KEY (subscriber, task_id)
);
CREATE TABLE tasker_subscriber_dropped (
    subscriber text NOT NULL,
    position bigint NOT NULL,
    task_id {uuid} NOT NULL,
    event text NOT NULL,
    dropped_at bigint NOT NULL,
    failures bigint NOT NULL,
    last_error text NOT NULL,
    PRIMARY KEY (subscriber, position)
);
";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let uuid = match manager.get_database_backend() {
            DbBackend::Postgres => "uuid",
            _ => "blob",
        };
        manager.get_connection().execute_unprepared(&TABLES.replace("{uuid}", uuid)).await?;
        Ok(())
    }
}
