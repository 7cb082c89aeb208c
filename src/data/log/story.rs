//! The first events of several tasks, or of each of their steps, in one statement.

use std::collections::HashMap;

use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Alias, Expr, ExprTrait, Query},
};
use uuid::Uuid;

use super::query::recorded;
use crate::{
    data::{
        Database, Error,
        entity::event::{Column, Entity},
    },
    model::event::Recorded,
};

/// The first `limit` events of each of these tasks, oldest first.
pub async fn of_tasks(
    database: &Database,
    tasks: &[Uuid],
    limit: u64,
) -> Result<HashMap<Uuid, Vec<Recorded>>, Error> {
    let mut by_task: HashMap<_, Vec<_>> = HashMap::new();
    for event in first(database, tasks, Column::TaskId, limit).await? {
        by_task.entry(event.event.task.id.0).or_default().push(event);
    }
    Ok(by_task)
}

/// The first `limit` events of each step of these tasks, oldest first, by step.
pub async fn of_steps(
    database: &Database,
    tasks: &[Uuid],
    limit: u64,
) -> Result<HashMap<Uuid, Vec<Recorded>>, Error> {
    let mut by_step: HashMap<_, Vec<_>> = HashMap::new();
    for event in first(database, tasks, Column::StepId, limit).await? {
        if let Some(step) = &event.event.step {
            by_step.entry(step.id.0).or_default().push(event);
        }
    }
    Ok(by_step)
}

/// Of what has the same value in `each`, the first `limit`.
async fn first(
    database: &Database,
    tasks: &[Uuid],
    each: Column,
    limit: u64,
) -> Result<Vec<Recorded>, Error> {
    let numbered = format!(r#"row_number() OVER (PARTITION BY "{}" ORDER BY "position")"#, name(each));
    let events = Entity::find()
        .select_only()
        .column(Column::Position)
        .column_as(Expr::cust(numbered), "place")
        .filter(Column::TaskId.is_in(tasks.iter().copied()))
        .filter(each.is_not_null())
        .into_query();
    let kept = Query::select()
        .column(Alias::new("position"))
        .from_subquery(events, Alias::new("numbered"))
        .and_where(Expr::col(Alias::new("place")).lte(i64::try_from(limit).unwrap_or(i64::MAX)))
        .to_owned();
    let found = Entity::find()
        .filter(Column::Position.in_subquery(kept))
        .order_by_asc(Column::Position)
        .all(&database.reader)
        .await?;
    found.into_iter().map(recorded).collect()
}

fn name(column: Column) -> &'static str {
    use sea_orm::IdenStatic;
    column.as_str()
}
