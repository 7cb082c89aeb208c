//! One row a command that a node left for the one that runs its task.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tasker_commands")]
#[allow(missing_docs, reason = "the migration says what each column is")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub task_id: Uuid,
    #[sea_orm(column_type = "JsonBinary")]
    pub wish: Json,
    pub left_by: i64,
    pub created_at: i64,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub answer: Option<Json>,
}

/// A command outlives its task.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
