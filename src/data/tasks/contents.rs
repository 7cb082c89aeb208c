//! The large columns, which are read only where somebody wants to see them.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select, sea_query::Expr};
use uuid::Uuid;

use crate::data::{
    Database, Error, Kind,
    entity::{step, task},
};

/// Which contents are read with a row. What is not read is null in the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Contents {
    /// Tasks' contexts.
    pub contexts: bool,
    /// Steps' inputs, results and errors.
    pub steps: bool,
}

impl Contents {
    /// Everything.
    pub const ALL: Self = Self { contexts: true, steps: true };

    pub(super) fn of_task(self, select: Select<task::Entity>, kind: Kind) -> Select<task::Entity> {
        if self.contexts {
            return select;
        }
        let null = match kind {
            Kind::Sqlite => "'null'",
            Kind::Postgres => "'null'::jsonb",
        };
        columns::<task::Entity>(select, &[task::Column::Context], null)
    }

    fn of_step(self, select: Select<step::Entity>, kind: Kind) -> Select<step::Entity> {
        if self.steps {
            return select;
        }
        let null = match kind {
            Kind::Sqlite => "NULL",
            Kind::Postgres => "NULL::jsonb",
        };
        columns::<step::Entity>(
            select,
            &[step::Column::Inputs, step::Column::Results, step::Column::Error],
            null,
        )
    }
}

/// The steps' rows of these tasks, each task's in template order. One statement.
pub async fn steps(
    database: &Database,
    tasks: impl IntoIterator<Item = Uuid>,
    contents: Contents,
) -> Result<HashMap<Uuid, Vec<step::Model>>, Error> {
    let found = contents
        .of_step(step::Entity::find(), database.kind())
        .filter(step::Column::TaskId.is_in(tasks))
        .order_by_asc(step::Column::TaskId)
        .order_by_asc(step::Column::No)
        .all(&database.reader)
        .await?;
    let mut by_task: HashMap<Uuid, Vec<step::Model>> = HashMap::new();
    for row in found {
        by_task.entry(row.task_id).or_default().push(row);
    }
    Ok(by_task)
}

/// Every column, with `null` in the place of `heavy`.
fn columns<E: EntityTrait>(select: Select<E>, heavy: &[E::Column], null: &'static str) -> Select<E>
where
    E::Column: Copy,
{
    use sea_orm::{IdenStatic, Iterable};
    E::Column::iter().fold(select.select_only(), |select, column| {
        if heavy.iter().any(|heavy| heavy.as_str() == column.as_str()) {
            select.column_as(Expr::cust(null), column.as_str())
        } else {
            select.column(column)
        }
    })
}
