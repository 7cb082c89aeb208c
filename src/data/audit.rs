//! The audit log: what was done, in the transaction that did it, and what was refused, counted.
//!
//! What was done is not changed, and goes only where retention says so. Of refusals that are alike the count goes up;
//! old ones are removed.

mod query;

pub use query::{AuditFilter, list};

use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, TransactionTrait,
    sea_query::OnConflict,
};
use serde_json::json;
use uuid::Uuid;

use super::{
    Database, Error,
    entity::audit::{Column, Entity, Model},
};
use crate::model::{
    audit::{AuditRecord, Verdict},
    time::Timestamp,
};

/// Records in one statement.
const CHUNK: usize = 500;

/// Adds a record to what a transaction does, and ends it.
pub(super) async fn commit(
    transaction: DatabaseTransaction,
    record: Option<AuditRecord>,
) -> Result<(), Error> {
    if let Some(record) = &record {
        Entity::insert(row(record).into_active_model()).exec_without_returning(&transaction).await?;
    }
    transaction.commit().await?;
    record.iter().for_each(report);
    Ok(())
}

/// Adds a record of something that changes no data.
pub async fn insert(database: &Database, record: AuditRecord) -> Result<(), Error> {
    commit(database.upkeep.begin().await?, Some(record)).await
}

/// Writes refusals. One that was written before gets its new count: all or none of them.
pub async fn count(database: &Database, records: &[AuditRecord]) -> Result<(), Error> {
    let transaction = database.upkeep.begin().await?;
    counted(&transaction, records).await?;
    transaction.commit().await?;
    Ok(())
}

/// The same, with what else the transaction does.
pub(super) async fn counted(transaction: &DatabaseTransaction, records: &[AuditRecord]) -> Result<(), Error> {
    for chunk in records.chunks(CHUNK) {
        let rows = chunk.iter().map(|record| row(record).into_active_model());
        let known = OnConflict::column(Column::Id).update_columns([Column::Count, Column::LastAt]).to_owned();
        Entity::insert_many(rows).on_conflict(known).exec_without_returning(transaction).await?;
    }
    Ok(())
}

/// Removes refusals that were made before.
pub async fn remove_refusals(database: &Database, before: Timestamp) -> Result<(), Error> {
    let old = Condition::all()
        .add(Column::Verdict.eq(Verdict::Refused.as_str()))
        .add(Column::Id.lt(first_of(before)))
        .add(Column::LastAt.lt(before.0));
    Entity::delete_many().filter(old).exec(&database.upkeep).await?;
    Ok(())
}

/// The least id of that moment: ids are in the order of time.
pub(super) fn first_of(moment: Timestamp) -> Uuid {
    let millis = u64::try_from(moment.0 / 1_000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid()
}

/// A record's line in the log of the program.
pub fn report(record: &AuditRecord) {
    let act = &record.act;
    tracing::info!(
        target: "tasker::audit",
        record = %record.id,
        verdict = act.verdict.as_str(),
        code = act.code,
        subject = act.subject.as_deref(),
        credential = act.credential.as_deref(),
        operation = act.operation,
        way = act.way.as_str(),
        fields = act.fields.join(" "),
        permissions = act.permissions.join(" "),
        missing = act.missing.join(" "),
        policy_version = act.policy_version,
        request_id = act.request_id.as_deref(),
        namespace = record.namespace,
        task = record.task.map(tracing::field::display),
        // Not called `token`: what is called so is hidden, and this is an id.
        about_credential = record.token.map(tracing::field::display),
        count = record.count,
        "audit"
    );
}

fn row(record: &AuditRecord) -> Model {
    let act = &record.act;
    let signed = |number| i64::try_from(number).unwrap_or(i64::MAX);
    Model {
        id: record.id,
        occurred_at: record.occurred_at.0,
        last_at: record.last_at.0,
        count: signed(record.count),
        verdict: act.verdict.as_str().into(),
        code: act.code.clone(),
        subject: act.subject.as_deref().map(Into::into),
        credential: act.credential.as_deref().map(Into::into),
        operation: act.operation.clone(),
        way: act.way.as_str().into(),
        fields: json!(act.fields),
        permissions: json!(act.permissions),
        missing: json!(act.missing),
        policy_version: act.policy_version.map(signed),
        request_id: act.request_id.as_deref().map(Into::into),
        namespace: record.namespace.clone(),
        task_id: record.task.map(|task| task.0),
        token_id: record.token,
    }
}
