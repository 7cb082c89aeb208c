//! Many rows in few statements: `VALUES` lists of fixed sizes, so that each text is prepared once.

use std::{collections::HashMap, fmt::Write as _, sync::Arc};

use rusqlite::{
    Connection, ToSql,
    types::{ToSqlOutput, ValueRef},
};
use uuid::Uuid;

use super::{super::batch::Batch, super::store::Failed, failed};
use crate::data::Error;

/// Rows in one statement. What is left over goes into the next size that holds it, padded with NULL rows.
const SIZES: [usize; 5] = [1, 4, 16, 64, 256];

/// The texts with their lists, by template and size.
pub(super) type Texts = HashMap<(&'static str, usize), Arc<str>>;

/// A bound value that borrows what it can.
#[derive(Clone, Copy)]
pub(super) enum Value<'a> {
    Null,
    Integer(i64),
    Real(f64),
    Text(&'a str),
    Id(Uuid),
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Null => Ok(ToSqlOutput::from(rusqlite::types::Null)),
            Self::Integer(value) => Ok(ToSqlOutput::from(*value)),
            Self::Real(value) => Ok(ToSqlOutput::from(*value)),
            Self::Text(value) => Ok(ToSqlOutput::from(*value)),
            Self::Id(value) => Ok(ToSqlOutput::Borrowed(ValueRef::Blob(value.as_bytes()))),
        }
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(value: Option<i64>) -> Self {
        value.map_or(Self::Null, Self::Integer)
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(value: Option<&'a str>) -> Self {
        value.map_or(Self::Null, Self::Text)
    }
}

/// The statements of one transaction, counted.
pub(super) struct Multi<'c> {
    pub(super) connection: &'c Connection,
    texts: &'c mut Texts,
    pub(super) statements: u64,
}

impl<'c> Multi<'c> {
    pub(super) const fn new(connection: &'c Connection, texts: &'c mut Texts) -> Self {
        Self { connection, texts, statements: 0 }
    }

    pub(super) const fn statements(&self) -> u64 {
        self.statements
    }

    pub(super) fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<usize, Failed> {
        self.statements += 1;
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        statement.execute(rusqlite::params_from_iter(values)).map_err(failed)
    }

    /// The rows that `sql` answers with.
    pub(super) fn query<T>(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Failed> {
        self.statements += 1;
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        let rows = statement.query_map(rusqlite::params_from_iter(values), read).map_err(failed)?;
        rows.collect::<Result<_, _>>().map_err(failed)
    }

    /// Runs `sql` with `{rows}` standing for a `VALUES` list; answers with the rows it changed.
    pub(super) fn many(
        &mut self,
        sql: &'static str,
        width: usize,
        values: &[Value<'_>],
    ) -> Result<usize, Failed> {
        let mut changed = 0;
        let mut rest = values;
        while !rest.is_empty() {
            let size = size_for(rest.len() / width);
            let text = self.text(sql, width, size);
            if rest.len() < size * width {
                let mut padded = rest.to_vec();
                padded.resize(size * width, Value::Null);
                return Ok(changed + self.execute(&text, &padded)?);
            }
            let (now, later) = rest.split_at(size * width);
            changed += self.execute(&text, now)?;
            rest = later;
        }
        Ok(changed)
    }

    fn text(&mut self, sql: &'static str, width: usize, size: usize) -> Arc<str> {
        self.texts
            .entry((sql, size))
            .or_insert_with(|| sql.replace("{rows}", &list(size, width)).into())
            .clone()
    }

    pub(super) fn create_tasks(&mut self, batch: &Batch<'_>, owner: i64) -> Result<(), Failed> {
        if batch.created.is_empty() {
            return Ok(());
        }
        let texts: Vec<(String, String, Option<String>)> = batch
            .created
            .iter()
            .map(|task| {
                let list = |texts: &[String]| serde_json::json!(texts).to_string();
                (list(&task.tags), list(&task.bypass_steps), task.trace.as_ref().map(ToString::to_string))
            })
            .collect();
        let mut values = Vec::with_capacity(batch.created.len() * 24);
        for (task, (tags, bypass, trace)) in batch.created.iter().zip(&texts) {
            values.extend([
                Value::Id(task.id.0),
                Value::Text(&task.digest),
                Value::Text(&task.namespace),
                Value::Text(&task.name),
                Value::Text(&task.version),
                task.owned.then_some(owner).into(),
                task.wake_at.map(|at| at.0).into(),
                Value::Integer(task.priority.into()),
                Value::Text(&task.context),
                task.reason.as_deref().into(),
                Value::Text(tags),
                task.initiator.as_deref().into(),
                task.source_system.as_deref().into(),
                task.created_by.as_deref().into(),
                Value::Text(bypass),
                task.identity_hash.as_deref().into(),
                task.idempotency_key.as_deref().into(),
                task.request_hash.as_deref().into(),
                task.request_id.as_deref().into(),
                trace.as_deref().into(),
                task.trace.as_ref().and_then(|trace| trace.state()).into(),
                Value::Integer(task.requested_at.0),
                task.deadline_at.map(|at| at.0).into(),
                Value::Integer(task.created_at.0),
            ]);
        }
        let sql = "INSERT INTO tasker_tasks (id, digest, namespace, name, version, owner, wake_at, priority, context,
                reason, tags, initiator, source_system, created_by, bypass_steps, identity_hash, idempotency_key,
                request_hash, request_id, traceparent, tracestate, requested_at, deadline_at, created_at, status,
                recoveries, updated_at)
            SELECT column1, column2, column3, column4, column5, column6, column7, column8, column9, column10, column11,
                column12, column13, column14, column15, column16, column17, column18, column19, column20, column21,
                column22, column23, column24, 'pending', 0, column24
            FROM (VALUES {rows}) WHERE column1 IS NOT NULL";
        self.many(sql, 24, &values).map(drop)
    }

    pub(super) fn create_steps(&mut self, batch: &Batch<'_>) -> Result<(), Failed> {
        let mut values = Vec::new();
        for task in &batch.created {
            for step in &task.steps {
                values.extend([
                    Value::Id(task.id.0),
                    Value::Integer(step.no.0.into()),
                    Value::Id(step.id.0),
                    Value::Text(&step.name),
                    Value::Text(step.status.as_str()),
                    Value::Integer(step.retry_limit.into()),
                    step.completed_at.map(|at| at.0).into(),
                    Value::Integer(task.created_at.0),
                    step.results.as_deref().into(),
                ]);
            }
        }
        let sql = "INSERT INTO tasker_workflow_steps
                (task_id, no, id, name, status, retry_limit, completed_at, updated_at, results, attempts, released)
            SELECT column1, column2, column3, column4, column5, column6, column7, column8, column9, 0, 0
            FROM (VALUES {rows}) WHERE column1 IS NOT NULL";
        self.many(sql, 9, &values).map(drop)
    }

    /// Tasks whose row does not change must still be ours and where they were.
    pub(super) fn guard(&mut self, batch: &Batch<'_>, owner: i64) -> Result<(), Failed> {
        let Some(expected) = (!batch.guards.is_empty()).then_some(batch.guards.len()) else { return Ok(()) };
        let mut values = Vec::with_capacity(expected * 3);
        for (task, from) in &batch.guards {
            values.extend([Value::Id(task.0), Value::Text(from.as_str()), Value::Integer(owner)]);
        }
        // `+` keeps SQLite from the owner's index, which is true of every task in memory.
        let sql = "SELECT count(*) FROM (VALUES {rows}) AS u CROSS JOIN tasker_tasks AS t
            WHERE t.id = u.column1 AND +t.status = u.column2 AND +t.owner = u.column3";
        let mut held = 0;
        for chunk in values.chunks(SIZES[SIZES.len() - 1] * 3) {
            let size =
                SIZES.into_iter().find(|&size| size * 3 >= chunk.len()).unwrap_or(SIZES[SIZES.len() - 1]);
            let mut padded = chunk.to_vec();
            padded.resize(size * 3, Value::Null);
            self.statements += 1;
            let text = self.text(sql, 3, size);
            let mut statement = self.connection.prepare_cached(&text).map_err(failed)?;
            let count: i64 =
                statement.query_row(rusqlite::params_from_iter(&padded), |row| row.get(0)).map_err(failed)?;
            held += count;
        }
        lost_unless(usize::try_from(held).unwrap_or(0), expected)
    }

    pub(super) fn update_tasks(&mut self, batch: &Batch<'_>, owner: i64) -> Result<(), Failed> {
        if batch.rows.is_empty() {
            return Ok(());
        }
        let tags: Vec<String> =
            batch.rows.iter().map(|(.., row)| serde_json::json!(row.tags).to_string()).collect();
        let mut values = Vec::with_capacity(batch.rows.len() * 12);
        for ((task, from, row), tags) in batch.rows.iter().zip(&tags) {
            values.extend([
                Value::Id(task.0),
                Value::Text(from.as_str()),
                Value::Integer(owner),
                Value::Text(row.status.as_str()),
                (!row.released).then_some(owner).into(),
                row.wake_at.map(|at| at.0).into(),
                row.started_at.map(|at| at.0).into(),
                row.completed_at.map(|at| at.0).into(),
                Value::Integer(row.updated_at.0),
                Value::Integer(row.recoveries.into()),
                row.reason.as_deref().into(),
                Value::Text(tags),
            ]);
        }
        let sql = "UPDATE tasker_tasks AS t SET status = u.column4, owner = u.column5, wake_at = u.column6,
                started_at = u.column7, completed_at = u.column8, updated_at = u.column9, recoveries = u.column10,
                reason = u.column11, tags = u.column12
            FROM (VALUES {rows}) AS u
            WHERE t.id = u.column1 AND +t.status = u.column2 AND +t.owner = u.column3";
        let changed = self.many(sql, 12, &values)?;
        lost_unless(changed, batch.rows.len())
    }

    pub(super) fn update_steps(&mut self, batch: &Batch<'_>) -> Result<(), Failed> {
        let mut values = Vec::with_capacity(batch.steps.len() * 16);
        for step in &batch.steps {
            let row = step.row;
            values.extend([
                Value::Id(step.task.0),
                Value::Integer(row.no.0.into()),
                Value::Text(step.from.as_str()),
                Value::Text(row.status.as_str()),
                Value::Integer(row.attempts.into()),
                Value::Integer(row.released.into()),
                Value::Integer(row.retry_limit.into()),
                row.next_attempt_at.map(|at| at.0).into(),
                row.awaiting_since.map(|at| at.0).into(),
                row.backoff_seconds.map_or(Value::Null, Value::Real),
                row.started_at.map(|at| at.0).into(),
                row.completed_at.map(|at| at.0).into(),
                Value::Integer(row.updated_at.0),
                step.inputs.into(),
                step.results.into(),
                step.error.into(),
            ]);
        }
        let sql = "UPDATE tasker_workflow_steps AS s SET status = u.column4, attempts = u.column5,
                released = u.column6, retry_limit = u.column7, next_attempt_at = u.column8,
                awaiting_since = u.column9, backoff_seconds = u.column10, started_at = u.column11,
                completed_at = u.column12, updated_at = u.column13, inputs = coalesce(u.column14, s.inputs),
                results = coalesce(u.column15, s.results), error = coalesce(u.column16, s.error)
            FROM (VALUES {rows}) AS u
            WHERE s.task_id = u.column1 AND s.no = u.column2 AND s.status = u.column3";
        let changed = self.many(sql, 16, &values)?;
        lost_unless(changed, batch.steps.len())
    }
}

/// The largest size that `rows` fill, or the next one when they nearly do.
fn size_for(rows: usize) -> usize {
    let above = SIZES.into_iter().find(|&size| size >= rows && size <= rows * 3);
    let below = SIZES.into_iter().rev().find(|&size| size <= rows);
    above.or(below).unwrap_or(1)
}

fn list(rows: usize, width: usize) -> String {
    let mut text = String::with_capacity(rows * (width * 2 + 3));
    for row in 0..rows {
        if row > 0 {
            text.push(',');
        }
        let _ = write!(text, "({})", vec!["?"; width].join(","));
    }
    text
}

fn lost_unless(found: usize, expected: usize) -> Result<(), Failed> {
    if found == expected { Ok(()) } else { Err(Failed::Blame(Error::Guard)) }
}
