//! Tokens that the service issues. What is stored of a secret is its SHA-256.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// A program that knows nothing of tokens leaves the table alone, so the oldest one may still run.
const TABLES: &str = "
CREATE TABLE tasker_api_tokens (
    id {uuid} PRIMARY KEY,
    hash {bytes} NOT NULL UNIQUE,
    name text NOT NULL,
    roles {json} NOT NULL,
    namespaces {json},
    handler_classes {json},
    created_at bigint NOT NULL,
    created_by text,
    expires_at bigint,
    revoked_at bigint,
    last_used_at bigint
);
UPDATE tasker_schema SET oldest_program = '0.1.0' WHERE id = 1;
";

fn words(backend: DbBackend) -> [(&'static str, &'static str); 3] {
    match backend {
        DbBackend::Postgres => [("{uuid}", "uuid"), ("{bytes}", "bytea"), ("{json}", "jsonb")],
        _ => [("{uuid}", "blob"), ("{bytes}", "blob"), ("{json}", "text")],
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
