//! One row a step of a task.

use sea_orm::entity::prelude::*;

use crate::model::lease::Lease;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tasker_workflow_steps")]
#[allow(missing_docs, reason = "the migration says what each column is")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub task_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub no: i32,
    pub id: Uuid,
    pub name: String,
    pub status: String,
    pub attempts: i32,
    pub released: i32,
    pub retry_limit: i32,
    pub next_attempt_at: Option<i64>,
    pub awaiting_since: Option<i64>,
    pub backoff_seconds: Option<f64>,
    pub started_at: Option<i64>,
    pub completed_at: Option<i64>,
    pub updated_at: i64,
    #[sea_orm(column_type = "JsonBinary")]
    pub inputs: Option<Json>,
    #[sea_orm(column_type = "JsonBinary")]
    pub results: Option<Json>,
    #[sea_orm(column_type = "JsonBinary")]
    pub error: Option<Json>,
    /// The worker that has it, read from a table of its own.
    #[sea_orm(ignore)]
    pub lease: Option<Box<Lease>>,
}

/// Loaded in batches of their own.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
