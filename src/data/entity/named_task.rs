//! One row a template's content: what tasks are pinned to.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tasker_named_tasks")]
#[allow(missing_docs, reason = "the migration says what each column is")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub digest: String,
    pub namespace: String,
    pub name: String,
    pub version: String,
    pub revision: i32,
    #[sea_orm(column_type = "JsonBinary")]
    pub document: Json,
    pub created_at: i64,
}

/// Found by digest.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
