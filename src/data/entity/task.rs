//! One row a task.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tasker_tasks")]
#[allow(missing_docs, reason = "the migration says what each column is")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub digest: String,
    pub namespace: String,
    pub name: String,
    pub version: String,
    pub status: String,
    pub owner: Option<i64>,
    pub wake_at: Option<i64>,
    pub recoveries: i32,
    pub priority: i32,
    #[sea_orm(column_type = "JsonBinary")]
    pub context: Json,
    pub reason: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub tags: Json,
    pub initiator: Option<String>,
    pub source_system: Option<String>,
    pub created_by: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub bypass_steps: Json,
    pub identity_hash: Option<String>,
    pub idempotency_key: Option<String>,
    pub request_hash: Option<String>,
    pub request_id: Option<String>,
    pub traceparent: Option<String>,
    pub tracestate: Option<String>,
    pub requested_at: i64,
    pub deadline_at: Option<i64>,
    pub created_at: i64,
    pub started_at: Option<i64>,
    pub completed_at: Option<i64>,
    pub updated_at: i64,
}

/// Loaded in batches of their own.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
