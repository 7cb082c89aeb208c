//! Attempts that workers are to make, on SQLite.

use super::{
    super::{batch::FoldedRemote, store::Failed},
    rows::{Multi, Value},
};

impl Multi<'_> {
    /// One row an attempt: written when it waits for a worker, and whenever something becomes of it.
    pub(super) fn remote(&mut self, rows: &[FoldedRemote<'_>]) -> Result<(), Failed> {
        let mut values = Vec::with_capacity(rows.len() * 14);
        for folded in rows {
            let (row, lease) = (folded.row, folded.lease);
            values.extend([
                Value::Id(folded.task.0),
                Value::Integer(row.no.0.into()),
                Value::Integer(row.attempt.into()),
                Value::Text(&row.handler_class),
                Value::Text(&row.template),
                Value::Integer(row.priority.into()),
                Value::Integer(row.since.0),
                Value::Text(row.state.as_str()),
                lease.map_or(Value::Null, |lease| Value::Id(lease.token.secret)),
                lease.map(|lease| &*lease.worker).into(),
                lease.and_then(|lease| lease.holder.as_deref()).into(),
                lease.map(|lease| lease.expires_at.0).into(),
                lease.map(|lease| lease.deadline_at.0).into(),
                folded.answer().into(),
            ]);
        }
        let sql = "INSERT INTO tasker_remote_attempts AS r (task_id, no, attempt, handler_class, template, priority,
                since, state, secret, worker, holder, expires_at, deadline_at, answer)
            SELECT column1, column2, column3, column4, column5, column6, column7, column8, column9, column10,
                column11, column12, column13, column14
            FROM (VALUES {rows}) WHERE column1 IS NOT NULL
            ON CONFLICT (task_id, no, attempt) DO UPDATE SET state = excluded.state,
                secret = coalesce(excluded.secret, r.secret), worker = coalesce(excluded.worker, r.worker),
                holder = coalesce(excluded.holder, r.holder), expires_at = coalesce(excluded.expires_at, r.expires_at),
                deadline_at = coalesce(excluded.deadline_at, r.deadline_at),
                answer = coalesce(excluded.answer, r.answer)";
        self.many(sql, 14, &values).map(drop)
    }
}
