//! What long histories need: tasks in every order, figures that are kept as the log grows, and how far the log is kept.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// The orders of tasks are indexed where tasks rest: an entry is written once in a task's life, and those that are
/// unfinished, few at any time, are sorted. Where two orders are nearly the same, or nearly all tasks have the same
/// key, only the exceptions are indexed.
///
/// A program that knows nothing of it removes nothing from the log, so the oldest one may still run.
const TABLES: &str = "
CREATE INDEX tasker_tasks_by_created ON tasker_tasks (created_at, id)
    WHERE status IN ('complete', 'error', 'cancelled', 'resolved_manually');
CREATE INDEX tasker_tasks_by_name ON tasker_tasks (name {bytewise}, id)
    WHERE status IN ('complete', 'error', 'cancelled', 'resolved_manually');
CREATE INDEX tasker_tasks_by_priority ON tasker_tasks (priority, id)
    WHERE status IN ('complete', 'error', 'cancelled', 'resolved_manually');
CREATE INDEX tasker_tasks_by_completed ON tasker_tasks (completed_at, id)
    WHERE status IN ('complete', 'cancelled', 'resolved_manually');
CREATE INDEX tasker_tasks_by_updated ON tasker_tasks (updated_at, id)
    WHERE status IN ('complete', 'error', 'cancelled', 'resolved_manually')
    AND coalesce(completed_at, 0) <> updated_at;
CREATE INDEX tasker_tasks_by_status ON tasker_tasks (status, id)
    WHERE status IN ('error', 'cancelled', 'resolved_manually');

CREATE TABLE tasker_duties (
    name text PRIMARY KEY,
    node bigint
);
INSERT INTO tasker_duties (name, node) VALUES ('analytics', NULL), ('retention', NULL);

CREATE TABLE tasker_rollups (
    size bigint NOT NULL,
    at bigint NOT NULL,
    namespace text NOT NULL,
    name text NOT NULL,
    version text NOT NULL,
    step text NOT NULL,
    cell text NOT NULL,
    PRIMARY KEY (size, at, namespace, name, version, step)
) {clustered};

CREATE TABLE tasker_rolled (
    id integer PRIMARY KEY CHECK (id = 1),
    position bigint NOT NULL
);
INSERT INTO tasker_rolled (id, position) VALUES (1, 0);

CREATE TABLE tasker_totals (
    what text NOT NULL CHECK (what IN ('task', 'step')),
    status text NOT NULL,
    count bigint NOT NULL,
    PRIMARY KEY (what, status)
);

CREATE TABLE tasker_log_floors (
    namespace text PRIMARY KEY,
    position bigint NOT NULL
);
UPDATE tasker_schema SET oldest_program = '0.1.0' WHERE id = 1;
";

fn words(backend: DbBackend) -> [(&'static str, &'static str); 2] {
    match backend {
        DbBackend::Postgres => [("{bytewise}", "COLLATE \"C\""), ("{clustered}", "")],
        _ => [("{bytewise}", ""), ("{clustered}", "WITHOUT ROWID")],
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
