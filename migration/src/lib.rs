//! Tasker's database schema: one frozen file a change, the same for SQLite and PostgreSQL.
//!
//! A migration is text. It imports nothing from the program, so that it does today what it did when it was
//! written. Each one records the oldest program that may run on what it leaves behind.

mod m20261123_000001_create_tables;
mod m20261124_000002_api_tokens;
mod m20261125_000003_audit;
mod m20261126_000004_annotations;
mod m20261127_000005_subscribers;
mod m20261128_000006_analytics;
mod m20261129_000007_traceparent;
mod m20261130_000008_commands;
mod m20261130_000009_remote_attempts;
mod m20261201_000010_rare_tasks;

use sea_orm_migration::prelude::*;
pub use sea_orm_migration::{MigratorTrait, prelude::DbErr};

/// Applies the schema, in order.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261123_000001_create_tables::Migration),
            Box::new(m20261124_000002_api_tokens::Migration),
            Box::new(m20261125_000003_audit::Migration),
            Box::new(m20261126_000004_annotations::Migration),
            Box::new(m20261127_000005_subscribers::Migration),
            Box::new(m20261128_000006_analytics::Migration),
            Box::new(m20261129_000007_traceparent::Migration),
            Box::new(m20261130_000008_commands::Migration),
            Box::new(m20261130_000009_remote_attempts::Migration),
            Box::new(m20261201_000010_rare_tasks::Migration),
        ]
    }

    fn migration_table_name() -> DynIden {
        "tasker_migrations".into_iden()
    }
}
