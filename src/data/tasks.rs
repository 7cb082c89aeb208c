//! Tasks as they are looked for: by what they are, a page at a time, in an order that both databases agree on.
//!
//! Not here: what a task is worth once it is found, and anything that changes one.

mod contents;
mod context;
mod filter;
mod order;
mod page;
mod part;

use std::collections::HashMap;

use sea_orm::{EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::{
    Database, Error,
    entity::task::{Column, Entity, Model},
};
pub use contents::{Contents, steps};
pub use context::{ContextEquals, Scalar};
pub use filter::TaskFilter;
pub use order::{Direction, Key, Order, Place, SortBy};
pub use page::{Page, Range, Window, any_after, any_before, page};
use sea_orm::ColumnTrait;

use crate::model::id::TaskId;

/// Up to `limit` tasks in this order, without the first `offset`.
pub async fn list(
    database: &Database,
    filter: &TaskFilter,
    order: Order,
    offset: u64,
    limit: u64,
    contents: Contents,
) -> Result<Vec<Model>, Error> {
    let (kind, all) = (database.kind(), Range::default());
    let found = contents.of_task(Entity::find(), kind);
    let found = page::within(found, filter, order, &all, true, offset + limit, kind);
    Ok(found.offset(offset).limit(limit).all(&database.reader).await?)
}

/// How many tasks there are.
pub async fn count(database: &Database, filter: &TaskFilter) -> Result<u64, Error> {
    Ok(Entity::find()
        .filter(filter.condition(database.kind(), SortBy::RequestedAt))
        .count(&database.reader)
        .await?)
}

/// The namespaces of these tasks, and who created them. One statement for a thousand.
pub async fn places(
    database: &Database,
    tasks: &[TaskId],
) -> Result<HashMap<TaskId, (String, Option<String>)>, Error> {
    let mut places = HashMap::with_capacity(tasks.len());
    for tasks in tasks.chunks(1_000) {
        let found = Entity::find()
            .select_only()
            .columns([Column::Id, Column::Namespace, Column::CreatedBy])
            .filter(Column::Id.is_in(tasks.iter().map(|task| task.0)))
            .into_tuple::<(Uuid, String, Option<String>)>()
            .all(&database.reader)
            .await?;
        places.extend(found.into_iter().map(|(id, namespace, creator)| (TaskId(id), (namespace, creator))));
    }
    Ok(places)
}

/// The task with this id.
pub async fn find(database: &Database, task: Uuid, contents: Contents) -> Result<Option<Model>, Error> {
    let found = contents.of_task(Entity::find(), database.kind()).filter(Column::Id.eq(task));
    Ok(found.one(&database.reader).await?)
}
