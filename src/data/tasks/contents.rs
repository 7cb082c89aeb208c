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
    /// Of steps' errors the kind alone, where the rest is not read.
    pub kinds: bool,
}

impl Contents {
    /// Everything.
    pub const ALL: Self = Self { contexts: true, steps: true, kinds: true };

    pub(super) fn of_task(self, select: Select<task::Entity>, kind: Kind) -> Select<task::Entity> {
        if self.contexts {
            return select;
        }
        let null = match kind {
            Kind::Sqlite => "'null'",
            Kind::Postgres => "'null'::jsonb",
        };
        columns::<task::Entity>(select, &[(task::Column::Context, null)])
    }

    fn of_step(self, select: Select<step::Entity>, kind: Kind) -> Select<step::Entity> {
        if self.steps {
            return select;
        }
        let (null, kind) = match kind {
            Kind::Sqlite => ("NULL", SQLITE_KIND),
            Kind::Postgres => ("NULL::jsonb", POSTGRES_KIND),
        };
        let error = if self.kinds { kind } else { null };
        columns::<step::Entity>(
            select,
            &[(step::Column::Inputs, null), (step::Column::Results, null), (step::Column::Error, error)],
        )
    }
}

/// An error without its words, which are contents of the step.
const SQLITE_KIND: &str = "CASE json_type(error) WHEN 'object' \
    THEN json_object('kind', json_extract(error, '$.kind'), 'message', '') END";
const POSTGRES_KIND: &str = "CASE jsonb_typeof(error) WHEN 'object' \
    THEN jsonb_build_object('kind', error -> 'kind', 'message', '') END";

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

/// Every column, with something else in the place of the heavy ones.
fn columns<E: EntityTrait>(select: Select<E>, heavy: &[(E::Column, &'static str)]) -> Select<E>
where
    E::Column: Copy,
{
    use sea_orm::{IdenStatic, Iterable};
    E::Column::iter().fold(select.select_only(), |select, column| {
        match heavy.iter().find(|(heavy, _)| heavy.as_str() == column.as_str()) {
            Some((_, instead)) => select.column_as(Expr::cust(*instead), column.as_str()),
            None => select.column(column),
        }
    })
}
