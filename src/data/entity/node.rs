//! One row a start of an engine.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tasker_nodes")]
#[allow(missing_docs, reason = "the migration says what each column is")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub name: String,
    pub program: String,
    pub epoch: i64,
    pub flush_no: i64,
    pub started_at: i64,
    pub lease_until: i64,
    pub stopped_at: Option<i64>,
}

/// Tasks name their owner.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
