//! Tasks, steps, the event log, templates and nodes.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// `{uuid}`, `{json}`, `{real}`, `{identity}`, … are the words of each database.
const TABLES: &str = "
CREATE TABLE tasker_schema (
    id integer PRIMARY KEY CHECK (id = 1),
    oldest_program text NOT NULL
);
INSERT INTO tasker_schema (id, oldest_program) VALUES (1, '0.1.0');

CREATE TABLE tasker_nodes (
    id {identity},
    name text NOT NULL,
    program text NOT NULL,
    epoch bigint NOT NULL,
    flush_no bigint NOT NULL,
    started_at bigint NOT NULL,
    lease_until bigint NOT NULL,
    stopped_at bigint
) {hot};

CREATE TABLE tasker_log (
    id integer PRIMARY KEY CHECK (id = 1),
    position bigint NOT NULL
) {hot};
INSERT INTO tasker_log (id, position) VALUES (1, 0);

CREATE TABLE tasker_named_tasks (
    digest text PRIMARY KEY,
    namespace text NOT NULL,
    name text NOT NULL,
    version text NOT NULL,
    revision integer NOT NULL,
    document {json} NOT NULL,
    created_at bigint NOT NULL,
    UNIQUE (namespace, name, version, revision)
);

CREATE TABLE tasker_tasks (
    id {uuid} PRIMARY KEY,
    digest text NOT NULL,
    namespace text NOT NULL,
    name text NOT NULL,
    version text NOT NULL,
    status text NOT NULL CHECK (status IN ('pending', 'in_progress', 'complete', 'error', 'cancelled', 'resolved_manually')),
    owner bigint,
    wake_at bigint,
    recoveries integer NOT NULL,
    priority integer NOT NULL,
    context {json} NOT NULL,
    reason text,
    tags {json} NOT NULL,
    initiator text,
    source_system text,
    created_by text,
    bypass_steps {json} NOT NULL,
    identity_hash text,
    idempotency_key text,
    request_hash text,
    request_id text,
    requested_at bigint NOT NULL,
    deadline_at bigint,
    created_at bigint NOT NULL,
    started_at bigint,
    completed_at bigint,
    updated_at bigint NOT NULL
) {warm};
CREATE INDEX tasker_tasks_claimable ON tasker_tasks (priority DESC, requested_at, id)
    WHERE owner IS NULL AND wake_at IS NULL AND status IN ('pending', 'in_progress');
CREATE INDEX tasker_tasks_sleeping ON tasker_tasks (wake_at) WHERE owner IS NULL AND wake_at IS NOT NULL;
CREATE INDEX tasker_tasks_owned ON tasker_tasks (owner) WHERE owner IS NOT NULL;
CREATE INDEX tasker_tasks_requested ON tasker_tasks (requested_at, id);
CREATE INDEX tasker_tasks_namespace ON tasker_tasks (namespace, requested_at, id);
CREATE INDEX tasker_tasks_unsettled ON tasker_tasks (status, requested_at, id)
    WHERE status IN ('pending', 'in_progress', 'error');
CREATE UNIQUE INDEX tasker_tasks_idempotency_key ON tasker_tasks (namespace, idempotency_key)
    WHERE idempotency_key IS NOT NULL;
CREATE UNIQUE INDEX tasker_tasks_identity_hash ON tasker_tasks (namespace, identity_hash)
    WHERE identity_hash IS NOT NULL;

CREATE TABLE tasker_workflow_steps (
    task_id {uuid} NOT NULL,
    no integer NOT NULL,
    id {uuid} NOT NULL,
    name text NOT NULL,
    status text NOT NULL CHECK (status IN ('pending', 'in_progress', 'complete', 'error', 'cancelled', 'resolved_manually')),
    attempts integer NOT NULL,
    released integer NOT NULL,
    retry_limit integer NOT NULL,
    next_attempt_at bigint,
    awaiting_since bigint,
    backoff_seconds {real},
    started_at bigint,
    completed_at bigint,
    updated_at bigint NOT NULL,
    inputs {json},
    results {json},
    error {json},
    PRIMARY KEY (task_id, no)
) {steps};

CREATE TABLE tasker_workflow_events (
    position {position} PRIMARY KEY,
    name text NOT NULL,
    occurred_at bigint NOT NULL,
    namespace text NOT NULL,
    task_id {uuid} NOT NULL,
    task_name text NOT NULL,
    step_id {uuid},
    step_name text,
    attempt integer,
    from_status text,
    to_status text,
    actor text,
    details {json}
);
CREATE INDEX tasker_workflow_events_task ON tasker_workflow_events (task_id, position);
";

fn words(backend: DbBackend) -> [(&'static str, &'static str); 8] {
    match backend {
        DbBackend::Postgres => [
            ("{identity}", "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
            ("{position}", "bigint"),
            ("{uuid}", "uuid"),
            ("{json}", "jsonb"),
            ("{real}", "double precision"),
            ("{hot}", "WITH (fillfactor = 50)"),
            (
                "{warm}",
                "WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02)",
            ),
            ("{steps}", "WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02)"),
        ],
        _ => [
            ("{identity}", "integer PRIMARY KEY AUTOINCREMENT"),
            ("{position}", "integer"),
            ("{uuid}", "blob"),
            ("{json}", "text"),
            ("{real}", "real"),
            ("{hot}", ""),
            ("{warm}", ""),
            ("{steps}", "WITHOUT ROWID"),
        ],
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
