//! Reading the audit log, newest first.

use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, LikeExpr},
};
use uuid::Uuid;

use crate::{
    data::{
        Database, Error,
        entity::audit::{Column, Entity, Model},
        load,
    },
    model::{
        audit::{Act, AuditRecord, Verdict, Way},
        id::TaskId,
        namespaces::Namespaces,
        time::Timestamp,
    },
};

/// Which records; everything that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Of this subject.
    pub subject: Option<String>,
    /// Allowed or refused.
    pub verdict: Option<Verdict>,
    /// With this root field.
    pub field: Option<String>,
    /// About this task.
    pub task: Option<TaskId>,
    /// With this request.
    pub request_id: Option<String>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// In namespaces that the caller may look into. What is in none is for those who may look into all.
    pub namespaces: Option<Namespaces>,
}

impl AuditFilter {
    fn condition(&self) -> Condition {
        // A list has the name where its text has the name in quotes: names have none.
        let field = self.field.as_ref().map(|field| {
            Expr::col(Column::Fields).cast_as("text").like(LikeExpr::new(format!("%{}%", quoted(field))))
        });
        Condition::all()
            .add_option(self.subject.as_ref().map(|subject| Column::Subject.eq(subject)))
            .add_option(self.verdict.map(|verdict| Column::Verdict.eq(verdict.as_str())))
            .add_option(field)
            .add_option(self.task.map(|task| Column::TaskId.eq(task.0)))
            .add_option(self.request_id.as_ref().map(|id| Column::RequestId.eq(id)))
            .add_option(self.since.map(|at| Column::OccurredAt.gte(at.0)))
            .add_option(self.until.map(|at| Column::OccurredAt.lt(at.0)))
            .add_option(self.namespaces.as_ref().and_then(visible))
    }
}

/// As it stands in a pattern.
fn quoted(field: &str) -> String {
    let plain: String = field.chars().filter(|one| one.is_ascii_alphanumeric()).collect();
    format!("\"{plain}\"")
}

/// Up to `limit` records, newest first, those before `before` only.
pub async fn list(
    database: &Database,
    filter: &AuditFilter,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<AuditRecord>, Error> {
    let older = before.map(|id| Column::Id.lt(id));
    let found = Entity::find()
        .filter(filter.condition().add_option(older))
        .order_by_desc(Column::Id)
        .limit(limit)
        .all(&database.reader)
        .await?;
    found.into_iter().map(record).collect()
}

fn visible(namespaces: &Namespaces) -> Option<Condition> {
    let names = |names: &std::collections::BTreeSet<std::sync::Arc<str>>| {
        names.iter().map(|name| name.to_string()).collect::<Vec<_>>()
    };
    match namespaces {
        _ if namespaces.is_all() => None,
        Namespaces::Only(only) => Some(Condition::all().add(Column::Namespace.is_in(names(only)))),
        Namespaces::Except(except) => {
            let elsewhere = Condition::all().add(Column::Namespace.is_not_in(names(except)));
            Some(elsewhere.add(Column::Namespace.is_not_null()))
        }
    }
}

fn record(row: Model) -> Result<AuditRecord, Error> {
    let corrupt = |word: &str| Error::Corrupt(format!("the audit record {} says {word}", row.id));
    let act = Act {
        verdict: Verdict::parse(&row.verdict).ok_or_else(|| corrupt(&row.verdict))?,
        code: row.code,
        subject: row.subject.map(Into::into),
        credential: row.credential.map(Into::into),
        operation: row.operation,
        way: Way::parse(&row.way).ok_or_else(|| Error::Corrupt(format!("audit record of {}", row.way)))?,
        fields: load::texts(&row.fields)?,
        permissions: load::texts(&row.permissions)?,
        missing: load::texts(&row.missing)?,
        policy_version: row.policy_version.map(i64::unsigned_abs),
        request_id: row.request_id.map(Into::into),
    };
    Ok(AuditRecord {
        id: row.id,
        occurred_at: Timestamp(row.occurred_at),
        last_at: Timestamp(row.last_at),
        count: row.count.unsigned_abs(),
        act,
        namespace: row.namespace,
        task: row.task_id.map(TaskId),
        token: row.token_id,
    })
}
