//! Commands that are left for the node that runs their task.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Programs that know nothing of the table carry out no command that is left for them: whoever takes their tasks over
/// does.
const TABLES: &str = "
CREATE TABLE tasker_commands (
    id {uuid} PRIMARY KEY,
    task_id {uuid} NOT NULL,
    wish {json} NOT NULL,
    left_by bigint NOT NULL,
    created_at bigint NOT NULL,
    answer {json}
);
CREATE INDEX tasker_commands_task ON tasker_commands (task_id, id);
";

fn words(backend: DbBackend) -> [(&'static str, &'static str); 2] {
    match backend {
        DbBackend::Postgres => [("{uuid}", "uuid"), ("{json}", "jsonb")],
        _ => [("{uuid}", "blob"), ("{json}", "text")],
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut text = TABLES.to_owned();
        for (word, own) in words(manager.get_database_backend()) {
            text = text.replace(word, own);
        }
        manager.get_connection().execute_unprepared(&text).await?;
        Ok(())
    }
}
