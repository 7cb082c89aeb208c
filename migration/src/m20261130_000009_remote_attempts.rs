//! Attempts that workers make.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// One row an attempt that waits for a worker, is made by one, or was: claims find what waits by the class of its
/// handler, fairly among templates; answers find what became of their lease. Steps that wait already are told anew by
/// whoever takes their tasks up. Programs that know nothing of the table leave steps waiting that nobody can claim, until
/// one that does takes the task up: the oldest one may still run.
const TABLES: &str = "
CREATE TABLE tasker_remote_attempts (
    task_id {uuid} NOT NULL,
    no integer NOT NULL,
    attempt integer NOT NULL,
    handler_class text NOT NULL,
    template text NOT NULL,
    priority integer NOT NULL,
    since bigint NOT NULL,
    state text NOT NULL,
    secret {uuid},
    worker text,
    holder text,
    expires_at bigint,
    deadline_at bigint,
    answer text,
    PRIMARY KEY (task_id, no, attempt)
) {by_key};
CREATE INDEX tasker_remote_attempts_open ON tasker_remote_attempts
    (handler_class, template, priority DESC, since, task_id, no) WHERE state = 'open';
UPDATE tasker_tasks SET wake_at = NULL WHERE owner IS NULL AND status = 'in_progress' AND EXISTS (
    SELECT 1 FROM tasker_workflow_steps s
    WHERE s.task_id = tasker_tasks.id AND s.status = 'pending' AND s.awaiting_since IS NOT NULL);
UPDATE tasker_workflow_steps SET awaiting_since = NULL WHERE status = 'pending' AND awaiting_since IS NOT NULL;
UPDATE tasker_schema SET oldest_program = '0.1.0' WHERE id = 1;
";

fn words(backend: DbBackend) -> [(&'static str, &'static str); 2] {
    match backend {
        DbBackend::Postgres => [("{uuid}", "uuid"), ("{by_key}", "")],
        _ => [("{uuid}", "blob"), ("{by_key}", "WITHOUT ROWID")],
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
