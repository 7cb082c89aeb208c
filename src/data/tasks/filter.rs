//! Which tasks. Everything that is given must hold.

use sea_orm::{ColumnTrait, Condition, sea_query::Expr};

use super::ContextEquals;
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
    /// Of those that the caller may reach; none means all.
    pub scope: Option<Scope>,
}

impl TaskFilter {
    pub(super) fn condition(&self, kind: Kind) -> Condition {
        let one_of =
            |statuses: &Vec<Status>| Column::Status.is_in(statuses.iter().map(|status| status.as_str()));
        Condition::all()
            .add_option(self.namespace.as_ref().map(|namespace| Column::Namespace.eq(namespace)))
            .add_option(self.name.as_ref().map(|name| Column::Name.eq(name)))
            .add_option(self.version.as_ref().map(|version| Column::Version.eq(version)))
            .add_option(self.statuses.as_ref().map(one_of))
            .add_option(self.and_statuses.as_ref().map(one_of))
            .add_option((!self.tags.is_empty()).then(|| tagged(&self.tags, kind)))
            .add_option(self.initiator.as_ref().map(|initiator| Column::Initiator.eq(initiator)))
            .add_option(self.source_system.as_ref().map(|system| Column::SourceSystem.eq(system)))
            .add_option(self.requested_after.map(|moment| Column::RequestedAt.gte(moment.0)))
            .add_option(self.requested_before.map(|moment| Column::RequestedAt.lt(moment.0)))
            .add_option(self.context.as_ref().map(|context| context.condition(kind)))
            .add_option(self.scope.as_ref().map(within))
    }
}

/// In the scope.
fn within(scope: &Scope) -> Condition {
    let everyones = of(&scope.namespaces);
    match scope.of_creator() {
        None => everyones,
        Some(creator) => {
            Condition::any().add(everyones).add(of(&scope.own).add(Column::CreatedBy.eq(&**creator)))
        }
    }
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
