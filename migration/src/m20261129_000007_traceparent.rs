//! The trace that a task's creation belongs to, so that its attempts are part of it wherever and whenever they run.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Programs that know nothing of the columns leave them empty: the oldest one may still run.
const COLUMNS: [&str; 2] = [
    "ALTER TABLE tasker_tasks ADD COLUMN traceparent text",
    "ALTER TABLE tasker_tasks ADD COLUMN tracestate text",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in COLUMNS {
            manager.get_connection().execute_unprepared(column).await?;
        }
        Ok(())
    }
}
