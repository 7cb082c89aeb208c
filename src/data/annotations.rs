//! Notes about tasks, read. They are written by the journal, and go with their task.

use std::collections::{BTreeMap, HashMap};

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Statement, sea_query::Expr,
};
use uuid::Uuid;

use super::{
    Database, Error, Kind,
    entity::{
        annotation::{Column, Entity, Model},
        annotation_type,
    },
};
use crate::model::{id::TaskId, namespaces::Namespaces, scope::Scope};

/// Types that are listed.
const MOST_TYPES: u64 = 1_000;

/// A type of notes: its name, and what it is where somebody has said so.
pub type AnnotationType = (String, Option<String>);

/// The notes about each of these tasks, oldest first. One statement.
pub async fn of_tasks(database: &Database, tasks: &[Uuid]) -> Result<HashMap<Uuid, Vec<Model>>, Error> {
    let found = Entity::find()
        .filter(Column::TaskId.is_in(tasks.iter().copied()))
        .order_by_asc(Column::TaskId)
        .order_by_asc(Column::Id)
        .all(&database.reader)
        .await?;
    let mut by_task: HashMap<Uuid, Vec<Model>> = HashMap::new();
    for row in found {
        by_task.entry(row.task_id).or_default().push(row);
    }
    Ok(by_task)
}

/// How many notes there are about a task.
pub async fn count(database: &Database, task: TaskId) -> Result<u64, Error> {
    Ok(Entity::find().filter(Column::TaskId.eq(task.0)).count(&database.reader).await?)
}

/// The types of notes in this scope, by their names; one that several namespaces have is there once.
pub async fn types(database: &Database, scope: &Scope) -> Result<Vec<AnnotationType>, Error> {
    let found = annotation_type::Entity::find()
        .filter(within(scope, database.kind()))
        .order_by_asc(annotation_type::Column::Name)
        .order_by_asc(annotation_type::Column::Namespace)
        .limit(MOST_TYPES)
        .all(&database.reader)
        .await?;
    let mut types: BTreeMap<String, Option<String>> = BTreeMap::new();
    for row in found {
        let description = types.entry(row.name).or_default();
        *description = description.take().or(row.description);
    }
    Ok(types.into_iter().collect())
}

/// Another node may have added something to a task while this one removed it: what is about a task that is gone goes
/// as well. On SQLite there is one node.
pub async fn forget(database: &Database, task: TaskId) -> Result<(), Error> {
    if database.kind() == Kind::Sqlite {
        return Ok(());
    }
    for sql in [
        "DELETE FROM tasker_task_annotations WHERE task_id = $1",
        "DELETE FROM tasker_task_annotation_values WHERE task_id = $1",
        "DELETE FROM tasker_workflow_events WHERE task_id = $1 AND name <> 'task.deleted'",
    ] {
        let backend = database.upkeep.get_database_backend();
        let statement = Statement::from_sql_and_values(backend, sql, [task.0.into()]);
        database.upkeep.execute_raw(statement).await?;
    }
    Ok(())
}

/// Types of the namespaces in the scope, and those that notes about the caller's own tasks have.
fn within(scope: &Scope, kind: Kind) -> Condition {
    let everyones = of(&scope.namespaces);
    let Some(creator) = scope.of_creator() else { return everyones };
    let creator = creator.to_string();
    let used = |place: &str| {
        format!(
            "EXISTS (SELECT 1 FROM tasker_tasks t JOIN tasker_task_annotations a ON a.task_id = t.id
                WHERE t.created_by = {place} AND t.namespace = tasker_annotation_types.namespace
                AND a.annotation_type = tasker_annotation_types.name)"
        )
    };
    let used = used(if kind == Kind::Postgres { "$1" } else { "?" });
    Condition::any().add(everyones).add(of(&scope.own).add(Expr::cust_with_values(used, [creator])))
}

fn of(namespaces: &Namespaces) -> Condition {
    let column = annotation_type::Column::Namespace;
    match namespaces {
        Namespaces::Only(some) => {
            Condition::all().add(column.is_in(some.iter().map(|name| name.to_string())))
        }
        Namespaces::Except(some) if some.is_empty() => Condition::all(),
        Namespaces::Except(some) => {
            Condition::all().add(column.is_not_in(some.iter().map(|name| name.to_string())))
        }
    }
}
