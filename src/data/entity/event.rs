//! One row an event: the log.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tasker_workflow_events")]
#[allow(missing_docs, reason = "the migration says what each column is")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i64,
    pub name: String,
    pub occurred_at: i64,
    pub namespace: String,
    pub task_id: Uuid,
    pub task_name: String,
    pub step_id: Option<Uuid>,
    pub step_name: Option<String>,
    pub attempt: Option<i32>,
    pub from_status: Option<String>,
    pub to_status: Option<String>,
    pub actor: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub details: Option<Json>,
}

/// The task may be gone already.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
