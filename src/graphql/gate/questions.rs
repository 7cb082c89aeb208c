//! Questions about the schema: who gets which answer.

use async_graphql::{ServerError, dynamic::Schema};

use super::{collect::Needs, refusal, root::Who};
use crate::{
    auth::Permission,
    graphql::introspection::{Introspection, Views},
};

/// What `__schema` and `__type` are answered from.
pub(super) struct Questions {
    introspection: Introspection,
    views: Views,
}

impl Questions {
    pub(super) const fn new(introspection: Introspection, views: Views) -> Self {
        Self { introspection, views }
    }

    /// The schema as this subject may use it; nothing where the whole schema is to be shown.
    pub(super) fn view(&self, needs: &Needs<'_>, who: Who<'_>) -> Result<Option<Schema>, ServerError> {
        let Who { subject, grants, open } = who;
        match self.introspection {
            Introspection::None => Err(refusal::no_introspection(subject)),
            Introspection::Full => Ok(None),
            Introspection::Permitted if grants.any(Permission::SchemaShow) => Ok(None),
            Introspection::Permitted if !needs.roots.is_empty() => Err(refusal::mixed()),
            Introspection::Permitted => {
                let held =
                    Permission::ALL.iter().copied().filter(|&permission| grants.any(permission)).collect();
                let view = self.views.of(held, open || !subject.is_anonymous());
                view.map(Some).ok_or_else(|| refusal::no_introspection(subject))
            }
        }
    }
}
