//! Which tasks. Everything that is given must hold.

use sea_orm::{
    ColumnTrait, Condition, IdenStatic,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

use super::{ContextEquals, SortBy};
use crate::{
    data::{Kind, entity::task::Column},
    model::{namespaces::Namespaces, scope::Scope, status::Status, time::Timestamp},
};

/// Which tasks; what is not given does not matter.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TaskFilter {
    /// Of this namespace.
    pub namespace: Option<String>,
    /// Of the template with this name.
    pub name: Option<String>,
    /// Of this version of it.
    pub version: Option<String>,
    /// In one of these statuses; an empty list finds nothing.
    pub statuses: Option<Vec<Status>>,
    /// Also in one of these: a second list, where two callers have a say.
    pub and_statuses: Option<Vec<Status>>,
    /// With all of these tags.
    pub tags: Vec<String>,
    /// Asked for by this one.
    pub initiator: Option<String>,
    /// Come from this system.
    pub source_system: Option<String>,
    /// Requested at this moment or later.
    pub requested_after: Option<Timestamp>,
    /// Requested before this moment.
    pub requested_before: Option<Timestamp>,
    /// With this in their context.
    pub context: Option<ContextEquals>,
    /// With an annotation that is found by this: see [`digest`](crate::model::annotation::digest).
    pub annotation: Option<Uuid>,
    /// Of those that the caller may reach; none means all.
    pub scope: Option<Scope>,
}

impl TaskFilter {
    /// Whether a task in this status may be among them.
    pub(super) fn wants(&self, status: Status) -> bool {
        let lists = [&self.statuses, &self.and_statuses];
        lists.into_iter().flatten().all(|wanted| wanted.contains(&status))
    }

    /// As a condition of a list in this order: an index that has another order is not looked into for it.
    pub(super) fn condition(&self, kind: Kind, order: SortBy) -> Condition {
        let column = |column: Column| match (kind, order) {
            // SQLite takes what it knows one value of, however many have it, and sorts them.
            (Kind::Sqlite, by) if by != SortBy::RequestedAt => Expr::cust(format!("+{}", column.as_str())),
            _ => column.into_expr(),
        };
        let namespace = || column(Column::Namespace);
        let one_of =
            |statuses: &Vec<Status>| Column::Status.is_in(statuses.iter().map(|status| status.as_str()));
        Condition::all()
            .add_option(self.namespace.as_ref().map(|wanted| namespace().eq(wanted)))
            .add_option(self.name.as_ref().map(|name| column(Column::Name).eq(name)))
            .add_option(self.version.as_ref().map(|version| Column::Version.eq(version)))
            .add_option(self.statuses.as_ref().map(one_of))
            .add_option(self.and_statuses.as_ref().map(one_of))
            .add_option((!self.tags.is_empty()).then(|| tagged(&self.tags, kind)))
            .add_option(self.initiator.as_ref().map(|initiator| Column::Initiator.eq(initiator)))
            .add_option(self.source_system.as_ref().map(|system| Column::SourceSystem.eq(system)))
            .add_option(self.requested_after.map(|moment| Column::RequestedAt.gte(moment.0)))
            .add_option(self.requested_before.map(|moment| Column::RequestedAt.lt(moment.0)))
            .add_option(self.context.as_ref().map(|context| context.condition(kind)))
            .add_option(self.annotation.map(|digest| annotated(digest, kind)))
            .add_option(self.scope.as_ref().map(|scope| within(scope, namespace)))
    }
}

/// In the scope.
fn within(scope: &Scope, namespace: impl Fn() -> Expr) -> Condition {
    let everyones = of(&scope.namespaces, &namespace);
    match scope.of_creator() {
        None => everyones,
        Some(creator) => Condition::any()
            .add(everyones)
            .add(of(&scope.own, &namespace).add(Column::CreatedBy.eq(&**creator))),
    }
}

fn of(namespaces: &Namespaces, namespace: &impl Fn() -> Expr) -> Condition {
    let names = |names: &std::collections::BTreeSet<std::sync::Arc<str>>| {
        names.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    match namespaces {
        Namespaces::Only(some) => Condition::all().add(namespace().is_in(names(some))),
        Namespaces::Except(some) if some.is_empty() => Condition::all(),
        Namespaces::Except(some) => Condition::all().add(namespace().is_not_in(names(some))),
    }
}

/// Index: the primary key of what annotations are found by.
fn annotated(digest: Uuid, kind: Kind) -> Expr {
    let place = if kind == Kind::Postgres { "$1" } else { "?" };
    let sql = format!("id IN (SELECT task_id FROM tasker_task_annotation_values WHERE digest = {place})");
    Expr::cust_with_values(sql, [digest])
}

/// All of these tags are there.
fn tagged(tags: &[String], kind: Kind) -> Expr {
    match kind {
        Kind::Postgres => Expr::cust_with_values("tags @> $1::jsonb", [serde_json::json!(tags).to_string()]),
        Kind::Sqlite => {
            let each = "EXISTS (SELECT 1 FROM json_each(tags) AS tag WHERE tag.value = ?)";
            Expr::cust_with_values(vec![each; tags.len()].join(" AND "), tags.iter().map(String::as_str))
        }
    }
}
