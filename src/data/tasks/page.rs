//! A page by the places of tasks instead of by counting them: what is inserted meanwhile moves nothing.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, Select};

use super::{Contents, Order, Place, TaskFilter, order::beyond, part};
use crate::data::{
    Database, Error, Kind,
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
    let (forwards, limit) = match window {
        Window::First(limit) => (true, limit),
        Window::Last(limit) => (false, limit),
    };
    let kind = database.kind();
    let found = contents.of_task(Entity::find(), kind);
    let found = within(found, filter, order, range, forwards, limit + 1, kind);
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
    let range = Range { before: Some(place.clone()), after: None };
    any(database, filter, order, &range, itself.then_some(place)).await
}

/// Is there a task after `place`, or with `itself` the one that has it?
pub async fn any_after(
    database: &Database,
    filter: &TaskFilter,
    order: Order,
    place: &Place,
    itself: bool,
) -> Result<bool, Error> {
    let range = Range { after: Some(place.clone()), before: None };
    any(database, filter, order, &range, itself.then_some(place)).await
}

/// The tasks of the range from one end; where its order has parts, `limit` of them.
pub(super) fn within(
    select: Select<Entity>,
    filter: &TaskFilter,
    order: Order,
    range: &Range,
    forwards: bool,
    limit: u64,
    kind: Kind,
) -> Select<Entity> {
    let direction = if forwards { order.direction } else { order.direction.reversed() };
    match part::ids(filter, order, range, direction, limit, kind) {
        Some(ids) => order.sort(select.filter(Column::Id.in_subquery(ids)), order.by.of_few(kind), forwards),
        None => {
            let bounds = [(&range.after, order.direction), (&range.before, order.direction.reversed())];
            let bounds = bounds.into_iter().filter_map(|(place, direction)| {
                Some(beyond(order.by.expression(kind), place.as_ref()?, direction))
            });
            let found = bounds.fold(select.filter(filter.condition(kind, order.by)), Select::filter);
            order.sort(found, order.by.expression(kind), forwards)
        }
    }
}

async fn any(
    database: &Database,
    filter: &TaskFilter,
    order: Order,
    range: &Range,
    or: Option<&Place>,
) -> Result<bool, Error> {
    let kind = database.kind();
    let ids = || Entity::find().select_only().column(Column::Id);
    let found = within(ids(), filter, order, range, true, 1, kind).limit(1);
    if found.into_tuple::<uuid::Uuid>().one(&database.reader).await?.is_some() {
        return Ok(true);
    }
    let Some(place) = or else { return Ok(false) };
    let itself = ids().filter(filter.condition(kind, order.by)).filter(Column::Id.eq(place.id));
    Ok(itself.into_tuple::<uuid::Uuid>().one(&database.reader).await?.is_some())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sea_orm::{ConnectionTrait, DbBackend, QueryTrait, Statement};

    use super::*;
    use crate::{data::migrate, model::status::Status};

    /// How SQLite goes about the newest of these tasks: what it knows of them is the same, however many there are.
    async fn plan(database: &Database, filter: &TaskFilter) -> String {
        let range = Range::default();
        let found = within(Entity::find(), filter, Order::NEWEST, &range, true, 21, Kind::Sqlite).limit(21);
        let sql = format!("EXPLAIN QUERY PLAN {}", found.build(DbBackend::Sqlite));
        let rows = database.reader.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await;
        let line = |row: &sea_orm::QueryResult| row.try_get::<String>("", "detail").expect("a line");
        rows.expect("a plan").iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[tokio::test]
    async fn what_few_tasks_are_is_not_looked_for_among_all() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("t.db").display());
        let database = Database::open(&url, 1, Duration::from_secs(5)).await.expect("it opens");
        migrate::migrate(&database).await.expect("migrated");
        let of =
            |statuses: &[Status]| TaskFilter { statuses: Some(statuses.to_vec()), ..TaskFilter::default() };
        let named = TaskFilter { name: Some("rare".into()), ..TaskFilter::default() };
        let by_hand = of(&[Status::Cancelled, Status::ResolvedManually]);
        for (filter, indexes) in [
            (of(&[Status::Pending, Status::InProgress]), &["tasker_tasks_unsettled"][..]),
            (
                TaskFilter { namespace: Some("shop".into()), ..of(&[Status::Error]) },
                &["tasker_tasks_unsettled"],
            ),
            (by_hand, &["tasker_tasks_by_hand"]),
            (of(&[Status::Error, Status::Cancelled]), &["tasker_tasks_unsettled", "tasker_tasks_by_hand"]),
            (named.clone(), &["tasker_tasks_named", "tasker_tasks_unsettled"]),
            (TaskFilter { namespace: Some("shop".into()), ..named }, &["tasker_tasks_named"]),
        ] {
            let plan = plan(&database, &filter).await;
            assert!(
                indexes.iter().all(|index| plan.contains(&format!("INDEX {index} "))),
                "{filter:?}\n{plan}"
            );
            assert!(!plan.contains("SCAN tasker_tasks"), "{filter:?}\n{plan}");
        }
        let plan = plan(&database, &TaskFilter::default()).await;
        assert!(plan.contains("SCAN tasker_tasks USING INDEX tasker_tasks_requested"), "{plan}");
    }
}
