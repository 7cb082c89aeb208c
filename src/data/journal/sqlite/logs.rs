//! What is only ever added: the event log and the audit log. And what is only ever removed: commands that were left.

use uuid::Uuid;

use super::{
    super::store::Failed,
    failed,
    rows::{Multi, Value},
};
use crate::{
    data::Error,
    model::{audit::AuditRecord, event::Event},
};

impl Multi<'_> {
    /// A command that is carried out is no longer there. One that is gone was carried out before.
    pub(super) fn settle_commands(&mut self, commands: &[Uuid]) -> Result<(), Failed> {
        for &command in commands {
            let sql = "DELETE FROM tasker_commands WHERE id = ?1";
            if self.execute(sql, &[Value::Id(command)])? == 0 {
                return Err(Failed::Blame(Error::Guard));
            }
        }
        Ok(())
    }

    /// Adds to the audit log.
    pub(super) fn audit(&mut self, records: &[&AuditRecord]) -> Result<(), Failed> {
        if records.is_empty() {
            return Ok(());
        }
        let list = |texts: &[String]| serde_json::json!(texts).to_string();
        let lists: Vec<[String; 3]> = records
            .iter()
            .map(|AuditRecord { act, .. }| [list(&act.fields), list(&act.permissions), list(&act.missing)])
            .collect();
        let mut values = Vec::with_capacity(records.len() * 16);
        for (record, [fields, permissions, missing]) in records.iter().zip(&lists) {
            let act = &record.act;
            values.extend([
                Value::Id(record.id),
                Value::Integer(record.occurred_at.0),
                Value::Text(act.verdict.as_str()),
                act.code.as_deref().into(),
                act.subject.as_deref().into(),
                act.credential.as_deref().into(),
                act.operation.as_deref().into(),
                Value::Text(act.way.as_str()),
                Value::Text(fields),
                Value::Text(permissions),
                Value::Text(missing),
                act.policy_version.map(|version| i64::try_from(version).unwrap_or(i64::MAX)).into(),
                act.request_id.as_deref().into(),
                record.namespace.as_deref().into(),
                record.task.map_or(Value::Null, |task| Value::Id(task.0)),
                record.token.map_or(Value::Null, Value::Id),
            ]);
        }
        let sql = "INSERT INTO tasker_audit (id, occurred_at, last_at, count, verdict, code, subject, credential,
                operation, way, fields, permissions, missing, policy_version, request_id, namespace, task_id, token_id)
            SELECT column1, column2, column2, 1, column3, column4, column5, column6, column7, column8, column9, column10,
                column11, column12, column13, column14, column15, column16
            FROM (VALUES {rows}) WHERE column1 IS NOT NULL";
        self.many(sql, 16, &values).map(drop)
    }

    /// Appends to the log; answers with the first position.
    pub(super) fn append(&mut self, events: &[&Event]) -> Result<Option<i64>, Failed> {
        if events.is_empty() {
            return Ok(None);
        }
        let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
        self.statements += 1;
        let sql = "UPDATE tasker_log SET position = position + ?1 WHERE id = 1 RETURNING position - ?1 + 1";
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        let first: i64 = statement.query_row([count], |row| row.get(0)).map_err(failed)?;
        drop(statement);
        let details: Vec<Option<String>> =
            events.iter().map(|event| event.details.as_ref().map(ToString::to_string)).collect();
        let mut values = Vec::with_capacity(events.len() * 13);
        for ((position, event), details) in (first..).zip(events).zip(&details) {
            let step = event.step.as_ref();
            values.extend([
                Value::Integer(position),
                Value::Text(event.name.as_str()),
                Value::Integer(event.occurred_at.0),
                Value::Text(&event.task.namespace),
                Value::Id(event.task.id.0),
                Value::Text(&event.task.name),
                step.map_or(Value::Null, |step| Value::Id(step.id.0)),
                step.map(|step| &*step.name).into(),
                step.map(|step| i64::from(step.attempt)).into(),
                event.from.map(|status| status.as_str()).into(),
                event.to.map(|status| status.as_str()).into(),
                event.actor.as_deref().into(),
                details.as_deref().into(),
            ]);
        }
        let sql =
            "INSERT INTO tasker_workflow_events (position, name, occurred_at, namespace, task_id, task_name,
                step_id, step_name, attempt, from_status, to_status, actor, details)
            SELECT column1, column2, column3, column4, column5, column6, column7, column8, column9, column10,
                column11, column12, column13
            FROM (VALUES {rows}) WHERE column1 IS NOT NULL";
        self.many(sql, 13, &values)?;
        Ok(Some(first))
    }
}
