//! A batch as columns: what `UNNEST` takes.

use sqlx::{Postgres, postgres::PgArguments, query::Query};
use uuid::Uuid;

use super::{super::batch::Batch, text::Sections};
use crate::model::annotation::Annotation;

type Bound<'q> = Query<'q, Postgres, PgArguments>;

/// The rows of a batch with the texts that had to be made for it.
pub(super) struct Arrays<'b, 'a> {
    batch: &'b Batch<'a>,
    details: Vec<Option<String>>,
}

/// One column: a value of each row.
macro_rules! column {
    ($rows:expr, $value:expr) => {
        $rows.iter().map($value).collect::<Vec<_>>()
    };
}

impl<'b, 'a> Arrays<'b, 'a> {
    pub(super) fn of(batch: &'b Batch<'a>) -> Self {
        let details = column!(batch.events, |event| event.details.as_ref().map(ToString::to_string));
        Self { batch, details }
    }

    pub(super) const fn sections(&self) -> Sections {
        Sections {
            created: !self.batch.created.is_empty(),
            rows: !self.batch.rows.is_empty(),
            guards: !self.batch.guards.is_empty(),
            steps: !self.batch.steps.is_empty(),
            events: !self.batch.events.is_empty(),
            audit: !self.batch.audit.is_empty(),
            commands: !self.batch.commands.is_empty(),
            remote: !self.batch.remote.is_empty(),
        }
    }

    /// In the order of the text.
    pub(super) fn bind<'q>(&'q self, mut query: Bound<'q>) -> Bound<'q> {
        let sections = self.sections();
        if sections.created {
            query = self.bind_created(query);
        }
        if sections.rows || sections.guards {
            query = query.bind(count(self.batch.rows.len() + self.batch.guards.len()));
        }
        if sections.rows {
            query = self.bind_rows(query);
        }
        if sections.guards {
            query = query
                .bind(column!(self.batch.guards, |(task, _)| task.0))
                .bind(column!(self.batch.guards, |(_, from)| from.as_str()));
        }
        if sections.steps {
            query = self.bind_steps(query.bind(count(self.batch.steps.len())));
        }
        if sections.remote {
            query = self.bind_remote(query);
        }
        if sections.commands {
            query = query.bind(count(self.batch.commands.len())).bind(&self.batch.commands);
        }
        if sections.audit {
            query = self.bind_audit(query);
        }
        if sections.events {
            query = self.bind_events(query);
        }
        query
    }

    fn bind_created<'q>(&'q self, query: Bound<'q>) -> Bound<'q> {
        let tasks = &self.batch.created;
        let query = query
            .bind(column!(tasks, |task| task.id.0))
            .bind(column!(tasks, |task| task.digest.as_str()))
            .bind(column!(tasks, |task| task.namespace.as_str()))
            .bind(column!(tasks, |task| task.name.as_str()))
            .bind(column!(tasks, |task| task.version.as_str()))
            .bind(column!(tasks, |task| task.owned))
            .bind(column!(tasks, |task| task.wake_at.map(|at| at.0)))
            .bind(column!(tasks, |task| task.priority))
            .bind(column!(tasks, |task| task.context.as_str()))
            .bind(column!(tasks, |task| task.reason.as_deref()))
            .bind(column!(tasks, |task| serde_json::json!(task.tags).to_string()))
            .bind(column!(tasks, |task| task.initiator.as_deref()))
            .bind(column!(tasks, |task| task.source_system.as_deref()))
            .bind(column!(tasks, |task| task.created_by.as_deref()))
            .bind(column!(tasks, |task| serde_json::json!(task.bypass_steps).to_string()))
            .bind(column!(tasks, |task| task.identity_hash.as_deref()))
            .bind(column!(tasks, |task| task.idempotency_key.as_deref()))
            .bind(column!(tasks, |task| task.request_hash.as_deref()))
            .bind(column!(tasks, |task| task.request_id.as_deref()))
            .bind(column!(tasks, |task| task.trace.as_ref().map(ToString::to_string)))
            .bind(column!(tasks, |task| task.trace.as_ref().and_then(|trace| trace.state())))
            .bind(column!(tasks, |task| task.requested_at.0))
            .bind(column!(tasks, |task| task.deadline_at.map(|at| at.0)))
            .bind(column!(tasks, |task| task.created_at.0))
            .bind(vec![0i32; tasks.len()]);
        let steps: Vec<_> =
            tasks.iter().flat_map(|task| task.steps.iter().map(move |step| (task, step))).collect();
        query
            .bind(column!(steps, |(task, _)| task.id.0))
            .bind(column!(steps, |(_, step)| int(step.no.0)))
            .bind(column!(steps, |(_, step)| step.id.0))
            .bind(column!(steps, |(_, step)| step.name.as_str()))
            .bind(column!(steps, |(_, step)| step.status.as_str()))
            .bind(column!(steps, |(_, step)| int(step.retry_limit)))
            .bind(column!(steps, |(_, step)| step.completed_at.map(|at| at.0)))
            .bind(column!(steps, |(task, _)| task.created_at.0))
            .bind(column!(steps, |(_, step)| step.results.as_deref()))
    }

    fn bind_rows<'q>(&'q self, query: Bound<'q>) -> Bound<'q> {
        let rows = &self.batch.rows;
        query
            .bind(column!(rows, |(task, ..)| task.0))
            .bind(column!(rows, |(_, from, _)| from.as_str()))
            .bind(column!(rows, |(.., row)| row.status.as_str()))
            .bind(column!(rows, |(.., row)| row.released))
            .bind(column!(rows, |(.., row)| row.wake_at.map(|at| at.0)))
            .bind(column!(rows, |(.., row)| row.started_at.map(|at| at.0)))
            .bind(column!(rows, |(.., row)| row.completed_at.map(|at| at.0)))
            .bind(column!(rows, |(.., row)| row.updated_at.0))
            .bind(column!(rows, |(.., row)| int(row.recoveries)))
            .bind(column!(rows, |(.., row)| row.reason.as_deref()))
            .bind(column!(rows, |(.., row)| serde_json::json!(row.tags).to_string()))
    }

    fn bind_steps<'q>(&'q self, query: Bound<'q>) -> Bound<'q> {
        let steps = &self.batch.steps;
        query
            .bind(column!(steps, |step| step.task.0))
            .bind(column!(steps, |step| int(step.row.no.0)))
            .bind(column!(steps, |step| step.from.as_str()))
            .bind(column!(steps, |step| step.row.status.as_str()))
            .bind(column!(steps, |step| int(step.row.attempts)))
            .bind(column!(steps, |step| int(step.row.released)))
            .bind(column!(steps, |step| int(step.row.retry_limit)))
            .bind(column!(steps, |step| step.row.next_attempt_at.map(|at| at.0)))
            .bind(column!(steps, |step| step.row.awaiting_since.map(|at| at.0)))
            .bind(column!(steps, |step| step.row.backoff_seconds))
            .bind(column!(steps, |step| step.row.started_at.map(|at| at.0)))
            .bind(column!(steps, |step| step.row.completed_at.map(|at| at.0)))
            .bind(column!(steps, |step| step.row.updated_at.0))
            .bind(column!(steps, |step| step.inputs))
            .bind(column!(steps, |step| step.results))
            .bind(column!(steps, |step| step.error))
    }

    fn bind_remote<'q>(&'q self, query: Bound<'q>) -> Bound<'q> {
        let rows = &self.batch.remote;
        query
            .bind(column!(rows, |one| one.task.0))
            .bind(column!(rows, |one| int(one.row.no.0)))
            .bind(column!(rows, |one| int(one.row.attempt)))
            .bind(column!(rows, |one| &*one.row.handler_class))
            .bind(column!(rows, |one| &*one.row.template))
            .bind(column!(rows, |one| one.row.priority))
            .bind(column!(rows, |one| one.row.since.0))
            .bind(column!(rows, |one| one.row.state.as_str()))
            .bind(column!(rows, |one| one.lease.map(|lease| lease.token.secret)))
            .bind(column!(rows, |one| one.lease.map(|lease| &*lease.worker)))
            .bind(column!(rows, |one| one.lease.and_then(|lease| lease.holder.as_deref())))
            .bind(column!(rows, |one| one.lease.map(|lease| lease.expires_at.0)))
            .bind(column!(rows, |one| one.lease.map(|lease| lease.deadline_at.0)))
            .bind(column!(rows, |one| one.answer()))
    }

    /// What is recorded of a deletion.
    pub(super) fn bind_told<'q>(&'q self, query: Bound<'q>) -> Bound<'q> {
        self.bind_audit(self.bind_events(query))
    }

    /// A note, and what is recorded of it.
    pub(super) fn bind_note<'q>(&'q self, query: Bound<'q>, note: &Annotation) -> Bound<'q> {
        let query = query
            .bind(note.id)
            .bind(note.annotation_type.clone())
            .bind(note.annotation.to_string())
            .bind(note.created_by.clone())
            .bind(note.created_at.0)
            .bind(note.digests())
            .bind(note.namespace.clone())
            .bind(note.type_description.clone());
        self.bind_audit(query)
    }

    fn bind_audit<'q>(&'q self, query: Bound<'q>) -> Bound<'q> {
        let records = &self.batch.audit;
        let list = |texts: &[String]| serde_json::json!(texts).to_string();
        query
            .bind(column!(records, |record| record.id))
            .bind(column!(records, |record| record.occurred_at.0))
            .bind(column!(records, |record| record.act.verdict.as_str()))
            .bind(column!(records, |record| record.act.code.as_deref()))
            .bind(column!(records, |record| record.act.subject.as_deref()))
            .bind(column!(records, |record| record.act.credential.as_deref()))
            .bind(column!(records, |record| record.act.operation.as_deref()))
            .bind(column!(records, |record| record.act.way.as_str()))
            .bind(column!(records, |record| list(&record.act.fields)))
            .bind(column!(records, |record| list(&record.act.permissions)))
            .bind(column!(records, |record| list(&record.act.missing)))
            .bind(column!(records, |record| record.act.policy_version.map(signed)))
            .bind(column!(records, |record| record.act.request_id.as_deref()))
            .bind(column!(records, |record| record.namespace.as_deref()))
            .bind(column!(records, |record| record.task.map(|task| task.0)) as Vec<Option<Uuid>>)
            .bind(column!(records, |record| record.token) as Vec<Option<Uuid>>)
    }

    /// The count, then the columns.
    fn bind_events<'q>(&'q self, query: Bound<'q>) -> Bound<'q> {
        let events = &self.batch.events;
        query
            .bind(count(events.len()))
            .bind(column!(events, |event| event.name.as_str()))
            .bind(column!(events, |event| event.occurred_at.0))
            .bind(column!(events, |event| &*event.task.namespace))
            .bind(column!(events, |event| event.task.id.0))
            .bind(column!(events, |event| &*event.task.name))
            .bind(column!(events, |event| event.step.as_ref().map(|step| step.id.0)) as Vec<Option<Uuid>>)
            .bind(column!(events, |event| event.step.as_ref().map(|step| &*step.name)))
            .bind(column!(events, |event| event.step.as_ref().map(|step| int(step.attempt))))
            .bind(column!(events, |event| event.from.map(|status| status.as_str())))
            .bind(column!(events, |event| event.to.map(|status| status.as_str())))
            .bind(column!(events, |event| event.actor.as_deref()))
            .bind(column!(self.details, |details| details.as_deref()))
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Step numbers, attempts and limits are far below two thousand million.
fn int(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
