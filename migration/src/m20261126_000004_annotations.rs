//! Notes about tasks, what they are found by, and their types.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// What an annotation is found by is a digest of its type, a key and the value there: as short as any other however
/// long the value is, and compared alike by both databases. A program that knows nothing of annotations leaves them
/// behind when it deletes their task, where nobody finds them: the oldest one may still run.
const TABLES: &str = "
CREATE TABLE tasker_task_annotations (
    id {uuid} PRIMARY KEY,
    task_id {uuid} NOT NULL,
    annotation_type text NOT NULL,
    annotation {json} NOT NULL,
    created_by text,
    created_at bigint NOT NULL
);
CREATE INDEX tasker_task_annotations_task ON tasker_task_annotations (task_id, id);

CREATE TABLE tasker_task_annotation_values (
    digest {uuid} NOT NULL,
    task_id {uuid} NOT NULL,
    PRIMARY KEY (digest, task_id)
) {by_key};
CREATE INDEX tasker_task_annotation_values_task ON tasker_task_annotation_values (task_id);

CREATE TABLE tasker_annotation_types (
    namespace text NOT NULL,
    name text NOT NULL,
    description text,
    created_at bigint NOT NULL,
    PRIMARY KEY (namespace, name)
);
";

fn words(backend: DbBackend) -> [(&'static str, &'static str); 3] {
    match backend {
        DbBackend::Postgres => [("{uuid}", "uuid"), ("{json}", "jsonb"), ("{by_key}", "")],
        _ => [("{uuid}", "blob"), ("{json}", "text"), ("{by_key}", "WITHOUT ROWID")],
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
