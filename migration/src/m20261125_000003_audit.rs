//! The audit log: who did what, and what was refused to whom.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Programs that know nothing of the log leave the table alone: the oldest one may still run.
const TABLES: &str = "
CREATE TABLE tasker_audit (
    id {uuid} PRIMARY KEY,
    occurred_at bigint NOT NULL,
    last_at bigint NOT NULL,
    count bigint NOT NULL,
    verdict text NOT NULL CHECK (verdict IN ('allowed', 'refused')),
    code text,
    subject text,
    credential text,
    operation text,
    way text NOT NULL,
    fields {json} NOT NULL,
    permissions {json} NOT NULL,
    missing {json} NOT NULL,
    policy_version bigint,
    request_id text,
    namespace text,
    task_id {uuid},
    token_id {uuid}
);
CREATE INDEX tasker_audit_task ON tasker_audit (task_id, id) WHERE task_id IS NOT NULL;
CREATE INDEX tasker_audit_subject ON tasker_audit (subject, id) WHERE subject IS NOT NULL;
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
