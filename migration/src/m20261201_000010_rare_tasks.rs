//! What few tasks are is found among many: those of a template, and those that somebody ended.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Where tasks rest, so that an entry is written once in a task's life. Programs that know nothing of it find the same
/// tasks, only slower.
const INDEXES: &str = "
CREATE INDEX tasker_tasks_named ON tasker_tasks (name, requested_at, id)
    WHERE status IN ('complete', 'error', 'cancelled', 'resolved_manually');
CREATE INDEX tasker_tasks_by_hand ON tasker_tasks (status, requested_at, id)
    WHERE status IN ('cancelled', 'resolved_manually');
";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(INDEXES).await?;
        Ok(())
    }
}
