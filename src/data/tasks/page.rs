//! A page by the places of tasks instead of by counting them: what is inserted meanwhile moves nothing.

use sea_orm::{EntityTrait, QueryFilter, QuerySelect};

use super::{Contents, Order, Place, TaskFilter};
use crate::data::{
    Database, Error,
    entity::task::{Column, Entity, Model},
};

/// Which part of the tasks in an order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Range {
    /// Only what comes after it.
    pub after: Option<Place>,
    /// Only what comes before it.
    pub before: Option<Place>,
}

/// How many of a range, from which end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// From the start.
    First(u64),
    /// From the end.
    Last(u64),
}

/// A part of a range.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// In order, whichever end they were taken from.
    pub tasks: Vec<Model>,
    /// The range has more, beyond the end that was not taken.
    pub more: bool,
}

/// One page of a range. One statement.
pub async fn page(
    database: &Database,
    filter: &TaskFilter,
    order: Order,
    range: &Range,
    window: Window,
    contents: Contents,
) -> Result<Page, Error> {
    let kind = database.kind();
    let mut found = contents.of_task(Entity::find(), kind).filter(filter.condition(kind));
    if let Some(place) = &range.after {
        found = found.filter(order.after(place, kind));
    }
    if let Some(place) = &range.before {
        found = found.filter(order.before(place, kind));
    }
    let (found, limit) = match window {
        Window::First(limit) => (order.forwards(found, kind), limit),
        Window::Last(limit) => (order.backwards(found, kind), limit),
    };
    let mut tasks = found.limit(limit + 1).all(&database.reader).await?;
    let more = tasks.len() as u64 > limit;
    if more {
        tasks.pop();
    }
    if matches!(window, Window::Last(_)) {
        tasks.reverse();
    }
    Ok(Page { tasks, more })
}

/// Is there a task before `place`, or with `itself` the one that has it?
pub async fn any_before(
    database: &Database,
    filter: &TaskFilter,
    order: Order,
    place: &Place,
    itself: bool,
) -> Result<bool, Error> {
    any(database, filter, order.before(place, database.kind()), itself.then_some(place)).await
}

/// Is there a task after `place`, or with `itself` the one that has it?
pub async fn any_after(
    database: &Database,
    filter: &TaskFilter,
    order: Order,
    place: &Place,
    itself: bool,
) -> Result<bool, Error> {
    any(database, filter, order.after(place, database.kind()), itself.then_some(place)).await
}

async fn any(
    database: &Database,
    filter: &TaskFilter,
    side: sea_orm::Condition,
    or: Option<&Place>,
) -> Result<bool, Error> {
    use sea_orm::{ColumnTrait, Condition};
    let side = Condition::any().add(side).add_option(or.map(|place| Column::Id.eq(place.id)));
    let found = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(filter.condition(database.kind()))
        .filter(side);
    Ok(found.limit(1).into_tuple::<uuid::Uuid>().one(&database.reader).await?.is_some())
}
