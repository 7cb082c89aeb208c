//! One row an attempt that a worker makes, is to make, or has made.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tasker_remote_attempts")]
#[allow(missing_docs, reason = "the migration says what each column is")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub task_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub no: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub attempt: i32,
    pub handler_class: String,
    pub template: String,
    pub priority: i32,
    pub since: i64,
    pub state: String,
    pub secret: Option<Uuid>,
    pub worker: Option<String>,
    pub holder: Option<String>,
    pub expires_at: Option<i64>,
    pub deadline_at: Option<i64>,
    pub answer: Option<String>,
}

/// Looked for by itself.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
