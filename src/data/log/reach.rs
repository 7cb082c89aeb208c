//! Events that a caller may see: those about tasks in its scope.

use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait};

use crate::{
    data::{
        Database, Error,
        entity::{event::Column, task},
        tasks,
    },
    model::{event::Recorded, namespaces::Namespaces, scope::Scope},
};

/// Whether a task of that namespace may be in the scope, whoever created it.
pub(super) fn may_cover(scope: &Scope, namespace: &str) -> bool {
    scope.covers(namespace, None) || scope.covers(namespace, scope.creator.as_deref())
}

/// As [`Scope::covers`], in the table.
pub(super) fn condition(scope: &Scope) -> Condition {
    let everyones = of(&scope.namespaces);
    let Some(creator) = scope.of_creator() else { return everyones };
    let created = task::Entity::find()
        .select_only()
        .column(task::Column::Id)
        .filter(task::Column::CreatedBy.eq(&**creator))
        .into_query();
    Condition::any().add(everyones).add(of(&scope.own).add(Column::TaskId.in_subquery(created)))
}

/// Of events from memory, those whose tasks are in the scope. Asks only about tasks that are if the caller created them.
pub(super) async fn covered(
    database: &Database,
    scope: &Scope,
    mut events: Vec<Recorded>,
) -> Result<Vec<Recorded>, Error> {
    let sure = |recorded: &Recorded| scope.covers(&recorded.event.task.namespace, None);
    let unsure: Vec<_> = events.iter().filter(|one| !sure(one)).map(|one| one.event.task.id).collect();
    if !unsure.is_empty() {
        let places = tasks::places(database, &unsure).await?;
        events.retain(|one| {
            sure(one)
                || places
                    .get(&one.event.task.id)
                    .is_some_and(|(namespace, creator)| scope.covers(namespace, creator.as_deref()))
        });
    }
    Ok(events)
}

fn of(namespaces: &Namespaces) -> Condition {
    let names = |names: &std::collections::BTreeSet<std::sync::Arc<str>>| {
        names.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    match namespaces {
        Namespaces::Only(some) => Condition::all().add(Column::Namespace.is_in(names(some))),
        Namespaces::Except(some) if some.is_empty() => Condition::all(),
        Namespaces::Except(some) => Condition::all().add(Column::Namespace.is_not_in(names(some))),
    }
}
