//! One row a record of the audit log.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tasker_audit")]
#[allow(missing_docs, reason = "the migration says what each column is")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub occurred_at: i64,
    pub last_at: i64,
    pub count: i64,
    pub verdict: String,
    pub code: Option<String>,
    pub subject: Option<String>,
    pub credential: Option<String>,
    pub operation: Option<String>,
    pub way: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub fields: Json,
    #[sea_orm(column_type = "JsonBinary")]
    pub permissions: Json,
    #[sea_orm(column_type = "JsonBinary")]
    pub missing: Json,
    pub policy_version: Option<i64>,
    pub request_id: Option<String>,
    pub namespace: Option<String>,
    pub task_id: Option<Uuid>,
    pub token_id: Option<Uuid>,
}

/// What it is about may be gone already.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
