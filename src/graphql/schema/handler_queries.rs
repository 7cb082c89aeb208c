//! What can be run.

use std::sync::Arc;

use async_graphql::{Context, Object, Result};

use super::{
    authorize::authorize,
    caller::{Needs, scope},
    diagram::Budget,
    given,
    handler::{Handler, Namespace},
};
use crate::{auth::Permission, orchestration::Engine};

/// Where templates are that don't say where.
const DEFAULT: &str = "default";

/// Queries of task templates.
#[derive(Default)]
pub struct HandlerQueries;

#[Object]
impl HandlerQueries {
    /// The namespaces that have task templates, by name.
    #[graphql(guard = "Needs(Permission::HandlerIndex)", directive = authorize::apply(Permission::HandlerIndex))]
    async fn namespaces(&self, ctx: &Context<'_>) -> Result<Vec<Namespace>> {
        let scope = scope(ctx)?;
        let all = ctx.data::<Engine>()?.templates().namespaces();
        let seen = all.filter(|(name, ..)| scope.covers(name, None));
        Ok(seen
            .map(|(name, handler_count, version_count)| Namespace {
                name: name.to_owned(),
                handler_count,
                version_count,
            })
            .collect())
    }

    /// The task templates of a namespace, by name, each in its highest version.
    #[graphql(guard = "Needs(Permission::HandlerIndex)", directive = authorize::apply(Permission::HandlerIndex))]
    async fn handlers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which namespace; `default` without it.")] namespace: Option<String>,
        #[graphql(desc = "How many, from 1 to 100.", default = 20)] limit: i32,
        #[graphql(desc = "How many to leave out first, up to 10,000.", default = 0)] offset: i32,
    ) -> Result<Vec<Handler>> {
        let (offset, limit) = (given::offset(offset)?, given::size("limit", limit)?);
        let namespace = namespace.as_deref().unwrap_or(DEFAULT);
        if !scope(ctx)?.covers(namespace, None) {
            return Ok(Vec::new());
        }
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let templates =
            ctx.data::<Engine>()?.templates().latest(namespace).skip(count(offset)).take(count(limit));
        let budget = Arc::new(Budget::default());
        Ok(templates.map(|template| Handler::new(template.clone(), budget.clone())).collect())
    }

    /// One task template; null when there is none of this name and version.
    #[graphql(guard = "Needs(Permission::HandlerShow)", directive = authorize::apply(Permission::HandlerShow))]
    async fn handler(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its namespace; `default` without it.")] namespace: Option<String>,
        #[graphql(desc = "Its name.")] name: String,
        #[graphql(desc = "Its version; the highest without it.")] version: Option<String>,
    ) -> Option<Result<Handler>> {
        find(ctx, namespace.as_deref().unwrap_or(DEFAULT), &name, version).transpose()
    }
}

fn find(ctx: &Context<'_>, namespace: &str, name: &str, version: Option<String>) -> Result<Option<Handler>> {
    let version = version.map(|text| {
        let wrong = |_| given::bad("version is three numbers, as in 1.2.0");
        text.parse::<semver::Version>().map_err(wrong)
    });
    let found = ctx.data::<Engine>()?.templates().find(namespace, name, version.transpose()?.as_ref());
    let found = found.ok().filter(|_| scope(ctx).is_ok_and(|scope| scope.covers(namespace, None)));
    Ok(found.map(|template| Handler::new(template.clone(), Arc::default())))
}
