//! Commands on their way to the node that runs their task.
//!
//! The node that is asked leaves one here; the owner carries it out and removes it in the transaction of the change, so
//! it takes effect once, whoever dies meanwhile. One that is refused stays with its answer until that is read.

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, Statement, sea_query::Expr,
};
use serde_json::Value;
use uuid::Uuid;

use super::{
    Database, Error, Kind,
    entity::command::{Column, Entity, Model},
    log::COMMANDS,
};
use crate::model::{
    id::{NodeId, TaskId},
    time::Timestamp,
};

/// What became of a command that was left.
#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    /// It waits.
    Waiting,
    /// It has been carried out.
    Done,
    /// It was refused.
    Refused(Value),
}

/// Leaves `wish` for the node that runs `task`.
pub async fn leave(
    database: &Database,
    task: TaskId,
    wish: Value,
    left_by: NodeId,
    now: Timestamp,
) -> Result<Uuid, Error> {
    let id = Uuid::now_v7();
    let left = Model { id, task_id: task.0, wish, left_by: left_by.0, created_at: now.0, answer: None };
    Entity::insert(left.into_active_model()).exec_without_returning(&database.upkeep).await?;
    Ok(id)
}

/// The node looks: for commands that were left for it, and for answers.
pub async fn ring(database: &Database, node: NodeId) -> Result<(), Error> {
    if database.kind() == Kind::Postgres {
        let values = [COMMANDS.into(), node.0.to_string().into()];
        let backend = database.upkeep.get_database_backend();
        let statement = Statement::from_sql_and_values(backend, "SELECT pg_notify($1, $2)", values);
        database.upkeep.query_one_raw(statement).await?;
    }
    Ok(())
}

/// Up to `limit` commands that nobody has answered, about tasks of `node` or that are gone; the oldest first. Those about
/// tasks of nobody are [`of_tasks`] for whoever claims them.
pub async fn waiting(database: &Database, node: NodeId, limit: u64) -> Result<Vec<Model>, Error> {
    let sql = "SELECT c.* FROM tasker_commands c LEFT JOIN tasker_tasks t ON t.id = c.task_id
        WHERE c.answer IS NULL AND (t.id IS NULL OR t.owner = $1) ORDER BY c.id LIMIT $2";
    let values = [node.0.into(), limit.into()];
    let statement = Statement::from_sql_and_values(database.reader.get_database_backend(), sql, values);
    Ok(Entity::find().from_raw_sql(statement).all(&database.reader).await?)
}

/// Up to `limit` tasks of nobody with commands that nobody has answered.
pub async fn about_free(database: &Database, limit: u64) -> Result<Vec<TaskId>, Error> {
    let sql = "SELECT DISTINCT c.task_id FROM tasker_commands c JOIN tasker_tasks t ON t.id = c.task_id
        WHERE c.answer IS NULL AND t.owner IS NULL LIMIT $1";
    let backend = database.reader.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, [limit.into()]);
    let rows = database.reader.query_all_raw(statement).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0).map(TaskId)).collect::<Result<_, _>>()?)
}

/// Up to `limit` commands about these tasks that nobody has answered, the oldest first.
pub async fn of_tasks(database: &Database, tasks: &[TaskId], limit: u64) -> Result<Vec<Model>, Error> {
    let about = Column::TaskId.is_in(tasks.iter().map(|task| task.0));
    let found = Entity::find().filter(about).filter(Column::Answer.is_null()).order_by_asc(Column::Id);
    Ok(found.limit(limit).all(&database.reader).await?)
}

/// Keeps the answer to a command that was refused.
pub async fn answer(database: &Database, id: Uuid, answer: Value) -> Result<(), Error> {
    let update = Entity::update_many().col_expr(Column::Answer, Expr::value(answer));
    update.filter(Column::Id.eq(id)).exec(&database.upkeep).await?;
    Ok(())
}

/// What became of it.
pub async fn fate(database: &Database, id: Uuid) -> Result<Fate, Error> {
    let Some(found) = Entity::find_by_id(id).one(&database.reader).await? else { return Ok(Fate::Done) };
    Ok(found.answer.map_or(Fate::Waiting, Fate::Refused))
}

/// Its answer was read.
pub async fn forget(database: &Database, id: Uuid) -> Result<(), Error> {
    Entity::delete_by_id(id).exec(&database.upkeep).await?;
    Ok(())
}

/// Removes answers that nobody has read, of commands left before.
pub async fn remove_answered(database: &Database, before: Timestamp) -> Result<(), Error> {
    let old = Condition::all().add(Column::Answer.is_not_null()).add(Column::CreatedAt.lt(before.0));
    Entity::delete_many().filter(old).exec(&database.upkeep).await?;
    Ok(())
}
