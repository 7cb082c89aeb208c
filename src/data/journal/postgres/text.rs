//! The statement's text. Sections without rows are left out, so there are few texts, each prepared once.

use std::{fmt::Write as _, sync::LazyLock};

use crate::data::belongings;

/// Which sections a flush has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Sections {
    pub created: bool,
    pub rows: bool,
    pub guards: bool,
    pub steps: bool,
    pub events: bool,
    pub audit: bool,
    pub commands: bool,
    pub remote: bool,
}

/// Array parameters are numbered as they are bound.
struct Numbers(usize);

impl Numbers {
    fn next(&mut self) -> usize {
        self.0 += 1;
        self.0
    }

    /// `$4::uuid[], $5::text[]`, one for each type.
    fn arrays(&mut self, types: &[&str]) -> String {
        let list: Vec<String> = types.iter().map(|kind| format!("${}::{kind}[]", self.next())).collect();
        list.join(", ")
    }
}

pub(super) const TASK_TYPES: [&str; 25] = [
    "uuid", "text", "text", "text", "text", "bool", "bigint", "int", "text", "text", "text", "text", "text",
    "text", "text", "text", "text", "text", "text", "text", "text", "bigint", "bigint", "bigint", "int",
];
pub(super) const STEP_TYPES: [&str; 9] =
    ["uuid", "int", "uuid", "text", "text", "int", "bigint", "bigint", "text"];
pub(super) const ROW_TYPES: [&str; 11] =
    ["uuid", "text", "text", "bool", "bigint", "bigint", "bigint", "bigint", "int", "text", "text"];
pub(super) const CHANGE_TYPES: [&str; 16] = [
    "uuid", "int", "text", "text", "int", "int", "int", "bigint", "bigint", "float8", "bigint", "bigint",
    "bigint", "text", "text", "text",
];
pub(super) const EVENT_TYPES: [&str; 12] =
    ["text", "bigint", "text", "uuid", "text", "uuid", "text", "int", "text", "text", "text", "text"];

pub(super) const REMOTE_TYPES: [&str; 14] = [
    "uuid", "int", "int", "text", "text", "int", "bigint", "text", "uuid", "text", "text", "bigint",
    "bigint", "text",
];
pub(super) const AUDIT_TYPES: [&str; 16] = [
    "uuid", "bigint", "text", "text", "text", "text", "text", "text", "text", "text", "text", "bigint",
    "text", "text", "uuid", "uuid",
];

/// `$1` is the node, `$2` its epoch, `$3` the number of the flush before; then, section by section, a count where one is checked and the arrays.
pub(super) fn build(sections: Sections) -> String {
    let mut numbers = Numbers(3);
    let mut sql = String::from(
        "WITH fence AS (UPDATE tasker_nodes SET flush_no = flush_no + 1
    WHERE id = $1 AND epoch = $2 AND flush_no = $3 RETURNING 1)",
    );
    if sections.created {
        create(&mut sql, &mut numbers);
    }
    let guarded = sections.rows || sections.guards;
    if guarded {
        guard(&mut sql, &mut numbers, sections);
    }
    let mut checks = vec!["1 / (SELECT count(*) FROM fence)::int".to_owned()];
    if guarded {
        checks.push("(SELECT one FROM ok)".into());
    }
    if sections.steps {
        let count = numbers.next();
        change_steps(&mut sql, &mut numbers);
        checks.push(format!("1 / ((SELECT count(*) FROM su) = ${count}::bigint)::int"));
    }
    let mut base = "NULL::bigint";
    let after = if guarded { "ok WHERE ok.one = 1" } else { "fence" };
    if sections.remote {
        remote(&mut sql, &mut numbers, after);
    }
    if sections.commands {
        let count = numbers.next();
        settle_commands(&mut sql, &mut numbers, after);
        checks.push(format!("1 / ((SELECT count(*) FROM cm) = ${count}::bigint)::int"));
    }
    if sections.audit {
        audit(&mut sql, &mut numbers, after);
    }
    if sections.events {
        append(&mut sql, &mut numbers, after);
        base = "(SELECT base FROM ps)";
        checks.push("pg_notify('tasker_events', $1::text)::text".into());
    }
    let _ = write!(sql, "\nSELECT {base}, {}", checks.join(", "));
    sql
}

fn create(sql: &mut String, numbers: &mut Numbers) {
    let tasks = numbers.arrays(&TASK_TYPES);
    let steps = numbers.arrays(&STEP_TYPES);
    let _ = write!(
        sql,
        ",
tc AS (INSERT INTO tasker_tasks (id, digest, namespace, name, version, owner, wake_at, priority, context, reason,
        tags, initiator, source_system, created_by, bypass_steps, identity_hash, idempotency_key, request_hash,
        request_id, traceparent, tracestate, requested_at, deadline_at, created_at, status, recoveries, updated_at)
    SELECT u.id, u.digest, u.namespace, u.name, u.version, CASE WHEN u.owned THEN $1 END, u.wake_at, u.priority,
        u.context::jsonb, u.reason, u.tags::jsonb, u.initiator, u.source_system, u.created_by, u.bypass::jsonb,
        u.identity_hash, u.idempotency_key, u.request_hash, u.request_id, u.traceparent, u.tracestate, u.requested_at,
        u.deadline_at, u.created_at, 'pending', u.recoveries, u.created_at
    FROM UNNEST({tasks}) u (id, digest, namespace, name, version, owned, wake_at, priority, context, reason, tags,
        initiator, source_system, created_by, bypass, identity_hash, idempotency_key, request_hash, request_id,
        traceparent, tracestate, requested_at, deadline_at, created_at, recoveries), fence RETURNING 1),
sc AS (INSERT INTO tasker_workflow_steps (task_id, no, id, name, status, retry_limit, completed_at, updated_at,
        results, attempts, released)
    SELECT u.task_id, u.no, u.id, u.name, u.status, u.retry_limit, u.completed_at, u.updated_at, u.results::jsonb, 0, 0
    FROM UNNEST({steps}) u (task_id, no, id, name, status, retry_limit, completed_at, updated_at, results), fence
    RETURNING 1)"
    );
}

/// The deciding guard a task. `coalesce` and `|| ''` keep the planner from the owner's and the status's indexes, which
/// are true of every task in memory (`owner + 0` would still imply the partial index's `owner IS NOT NULL`). A short count divides by zero and undoes the whole statement: joining steps
/// and events to it instead grows faster than the flush.
fn guard(sql: &mut String, numbers: &mut Numbers, sections: Sections) {
    let count = numbers.next();
    let mut held = Vec::new();
    if sections.rows {
        let rows = numbers.arrays(&ROW_TYPES);
        let _ = write!(
            sql,
            ",
tu AS (UPDATE tasker_tasks t SET status = u.to_status, owner = CASE WHEN u.released THEN NULL ELSE $1 END,
        wake_at = u.wake_at, started_at = u.started_at, completed_at = u.completed_at, updated_at = u.updated_at,
        recoveries = u.recoveries, reason = u.reason, tags = u.tags::jsonb
    FROM UNNEST({rows}) u (id, from_status, to_status, released, wake_at, started_at, completed_at, updated_at,
        recoveries, reason, tags), fence
    WHERE t.id = u.id AND coalesce(t.owner, 0) = $1 AND t.status || '' = u.from_status RETURNING 1)"
        );
        held.push("SELECT 1 FROM tu");
    }
    if sections.guards {
        let guards = numbers.arrays(&["uuid", "text"]);
        let _ = write!(
            sql,
            ",
tg AS (SELECT 1 FROM UNNEST({guards}) u (id, from_status) JOIN tasker_tasks t ON t.id = u.id, fence
    WHERE coalesce(t.owner, 0) = $1 AND t.status || '' = u.from_status)"
        );
        held.push("SELECT 1 FROM tg");
    }
    let _ = write!(
        sql,
        ",
ok AS MATERIALIZED (SELECT 1 / (count(*) = ${count}::bigint)::int AS one FROM ({}) g)",
        held.join(" UNION ALL ")
    );
}

fn change_steps(sql: &mut String, numbers: &mut Numbers) {
    let steps = numbers.arrays(&CHANGE_TYPES);
    let _ = write!(
        sql,
        ",
su AS (UPDATE tasker_workflow_steps s SET status = u.to_status, attempts = u.attempts, released = u.released,
        retry_limit = u.retry_limit, next_attempt_at = u.next_attempt_at, awaiting_since = u.awaiting_since,
        backoff_seconds = u.backoff_seconds, started_at = u.started_at, completed_at = u.completed_at,
        updated_at = u.updated_at, inputs = coalesce(u.inputs::jsonb, s.inputs),
        results = coalesce(u.results::jsonb, s.results), error = coalesce(u.error::jsonb, s.error)
    FROM UNNEST({steps}) u (task_id, no, from_status, to_status, attempts, released, retry_limit, next_attempt_at,
        awaiting_since, backoff_seconds, started_at, completed_at, updated_at, inputs, results, error) CROSS JOIN ok
    WHERE s.task_id = u.task_id AND s.no = u.no AND s.status = u.from_status AND ok.one = 1 RETURNING 1)"
    );
}

/// Positions come from one counter row, last: whoever commits first has the lower ones, and none is left out.
fn append(sql: &mut String, numbers: &mut Numbers, after: &str) {
    let count = numbers.next();
    let events = numbers.arrays(&EVENT_TYPES);
    let _ = write!(
        sql,
        ",
ps AS (UPDATE tasker_log SET position = position + ${count}::bigint FROM (SELECT 1 FROM {after}) allowed
    WHERE id = 1 RETURNING position - ${count}::bigint AS base),
ev AS (INSERT INTO tasker_workflow_events (position, name, occurred_at, namespace, task_id, task_name, step_id,
        step_name, attempt, from_status, to_status, actor, details)
    SELECT ps.base + u.place, u.name, u.occurred_at, u.namespace, u.task_id, u.task_name, u.step_id, u.step_name,
        u.attempt, u.from_status, u.to_status, u.actor, u.details::jsonb
    FROM UNNEST({events}) WITH ORDINALITY u (name, occurred_at, namespace, task_id, task_name, step_id, step_name,
        attempt, from_status, to_status, actor, details, place), ps RETURNING 1)"
    );
}

/// One row an attempt that a worker is to make: written when it waits for one, and whenever something becomes of it.
fn remote(sql: &mut String, numbers: &mut Numbers, after: &str) {
    let rows = numbers.arrays(&REMOTE_TYPES);
    let _ = write!(
        sql,
        ",
ra AS (INSERT INTO tasker_remote_attempts AS r (task_id, no, attempt, handler_class, template, priority, since, state,
        secret, worker, holder, expires_at, deadline_at, answer)
    SELECT u.* FROM UNNEST({rows}) u, (SELECT 1 FROM {after}) allowed
    ON CONFLICT (task_id, no, attempt) DO UPDATE SET state = excluded.state,
        secret = coalesce(excluded.secret, r.secret), worker = coalesce(excluded.worker, r.worker),
        holder = coalesce(excluded.holder, r.holder), expires_at = coalesce(excluded.expires_at, r.expires_at),
        deadline_at = coalesce(excluded.deadline_at, r.deadline_at), answer = coalesce(excluded.answer, r.answer)
    RETURNING 1)"
    );
}

/// A command that is carried out is no longer there. One that is gone was carried out before.
fn settle_commands(sql: &mut String, numbers: &mut Numbers, after: &str) {
    let commands = numbers.arrays(&["uuid"]);
    let _ = write!(
        sql,
        ",
cm AS (DELETE FROM tasker_commands WHERE id = ANY({commands}) AND EXISTS (SELECT 1 FROM {after}) RETURNING 1)"
    );
}

fn audit(sql: &mut String, numbers: &mut Numbers, after: &str) {
    let records = numbers.arrays(&AUDIT_TYPES);
    let _ = write!(
        sql,
        ",
au AS (INSERT INTO tasker_audit (id, occurred_at, last_at, count, verdict, code, subject, credential, operation,
        way, fields, permissions, missing, policy_version, request_id, namespace, task_id, token_id)
    SELECT u.id, u.occurred_at, u.occurred_at, 1, u.verdict, u.code, u.subject, u.credential, u.operation, u.way,
        u.fields::jsonb, u.permissions::jsonb, u.missing::jsonb, u.policy_version, u.request_id, u.namespace,
        u.task_id, u.token_id
    FROM UNNEST({records}) u (id, occurred_at, verdict, code, subject, credential, operation, way, fields,
        permissions, missing, policy_version, request_id, namespace, task_id, token_id), (SELECT 1 FROM {after}) allowed RETURNING 1)"
    );
}

/// Removes task `$4`, which must be settled and nobody's, and appends its one last event and what is recorded of it.
pub(super) static DELETE: LazyLock<String> = LazyLock::new(|| {
    let mut numbers = Numbers(4);
    let mut sql = String::from(
        "WITH fence AS (UPDATE tasker_nodes SET flush_no = flush_no + 1
    WHERE id = $1 AND epoch = $2 AND flush_no = $3 RETURNING 1),
td AS (DELETE FROM tasker_tasks USING fence WHERE id = $4 AND owner IS NULL
    AND status IN ('complete', 'cancelled', 'resolved_manually') RETURNING 1),
ok AS MATERIALIZED (SELECT 1 / count(*)::int AS one FROM td)",
    );
    for (table, column) in belongings::TABLES {
        let _ = write!(
            sql,
            ",\n{table}_gone AS (DELETE FROM {table} USING ok WHERE {column} = $4 AND ok.one = 1)"
        );
    }
    append(&mut sql, &mut numbers, "ok WHERE ok.one = 1");
    audit(&mut sql, &mut numbers, "ok WHERE ok.one = 1");
    sql + "\nSELECT (SELECT base FROM ps), (SELECT one FROM ok), pg_notify('tasker_events', $1::text)::text"
});

/// Something is added about task `$4`, which must be there and may be anybody's. It is locked against being deleted
/// meanwhile, and not against being worked on.
const THERE: &str = "WITH fence AS (UPDATE tasker_nodes SET flush_no = flush_no + 1
    WHERE id = $1 AND epoch = $2 AND flush_no = $3 RETURNING 1),
there AS (SELECT 1 FROM tasker_tasks t, fence WHERE t.id = $4 FOR KEY SHARE OF t),
ok AS MATERIALIZED (SELECT 1 / count(*)::int AS one FROM there)";

/// A custom event about task `$4`, and what is recorded of it.
pub(super) static ADD_EVENT: LazyLock<String> = LazyLock::new(|| {
    let mut numbers = Numbers(4);
    let mut sql = String::from(THERE);
    append(&mut sql, &mut numbers, "ok WHERE ok.one = 1");
    audit(&mut sql, &mut numbers, "ok WHERE ok.one = 1");
    sql + "\nSELECT (SELECT base FROM ps), (SELECT one FROM ok), pg_notify('tasker_events', $1::text)::text"
});

/// A note about task `$4`, what it is found by, its type where that is new, and what is recorded of it.
pub(super) static ANNOTATE: LazyLock<String> = LazyLock::new(|| {
    let mut sql = String::from(THERE);
    sql.push_str(
        ",
an AS (INSERT INTO tasker_task_annotations (id, task_id, annotation_type, annotation, created_by, created_at)
    SELECT $5, $4, $6, $7::text::jsonb, $8, $9 FROM ok WHERE ok.one = 1),
av AS (INSERT INTO tasker_task_annotation_values (digest, task_id)
    SELECT u.digest, $4 FROM UNNEST($10::uuid[]) u (digest), ok WHERE ok.one = 1 ORDER BY 1 ON CONFLICT DO NOTHING),
ty AS (INSERT INTO tasker_annotation_types AS t (namespace, name, description, created_at)
    SELECT $11, $6, $12, $9 FROM ok WHERE ok.one = 1
    ON CONFLICT (namespace, name) DO UPDATE SET description = coalesce(excluded.description, t.description))",
    );
    audit(&mut sql, &mut Numbers(12), "ok WHERE ok.one = 1");
    sql + "\nSELECT NULL::bigint, (SELECT one FROM ok)"
});
