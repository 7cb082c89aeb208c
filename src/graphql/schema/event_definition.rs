//! The catalogue of events.

use async_graphql::{Context, Object, Result};

use super::{
    authorize::authorize,
    caller::{Needs, scope},
    given,
    scalar::Json,
};
use crate::{
    auth::Permission,
    events::catalogue::{CATEGORIES, Definition, Search},
    orchestration::Engine,
};

/// An event there can be.
pub struct EventDefinition(Definition);

/// An event there can be: one of Tasker's own, or one that a template or a handler declares.
#[Object]
impl EventDefinition {
    /// Its name, such as `task.completed`.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// `task`, `step`, `workflow`, `observability` or `custom`.
    async fn category(&self) -> &str {
        &self.0.category
    }

    /// When it is published; empty where who declares it does not say.
    async fn description(&self) -> &str {
        &self.0.description
    }

    /// The JSON Schema (2020-12) of its payload.
    async fn payload_schema(&self) -> Json {
        Json(self.0.payload_schema.clone())
    }

    /// A payload as it could be.
    async fn example_payload(&self) -> Json {
        Json(self.0.example_payload.clone())
    }

    /// Who publishes it: the node that runs a task, mutations, or the templates, steps and handlers that declare it.
    async fn fired_by(&self) -> &[String] {
        &self.0.fired_by
    }

    /// Whether it is in the log, and so in `events` and `workflowEvents`. The others are told to subscribers in the
    /// process where they happen, and nobody else.
    async fn durable(&self) -> bool {
        self.0.durable
    }

    /// Whether a template or a handler declares it.
    async fn custom(&self) -> bool {
        self.0.custom
    }
}

/// Queries of the catalogue.
#[derive(Default)]
pub struct EventDefinitionQueries;

#[Object]
impl EventDefinitionQueries {
    /// Every event there can be: Tasker's own, then those that templates and handlers declare. Everything that is given
    /// must hold.
    #[graphql(guard = "Needs(Permission::EventDefinitionIndex)", directive = authorize::apply(Permission::EventDefinitionIndex))]
    async fn event_catalog(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Of this category: `task`, `step`, `workflow`, `observability` or `custom`.")]
        category: Option<String>,
        #[graphql(desc = "With a name that begins so, as in `payment.`.")] prefix: Option<String>,
        #[graphql(desc = "With this in their name or description, in upper or lower case.")] search: Option<
            String,
        >,
        #[graphql(desc = "Only those that templates and handlers declare, or only Tasker's own.")]
        custom: Option<bool>,
    ) -> Result<Vec<EventDefinition>> {
        let category = category.map(|category| category.to_lowercase());
        if let Some(unknown) = category.as_deref().filter(|category| !CATEGORIES.contains(category)) {
            let known = CATEGORIES.join(", ");
            return Err(given::bad(format!("there is no category {unknown:?}; there are {known}")));
        }
        let search = Search { category, prefix, text: search, custom };
        let namespaces = scope(ctx)?.namespaces;
        let all = ctx.data::<Engine>()?.catalogue().within(&namespaces);
        Ok(all.filter(|event| search.finds(event)).map(EventDefinition).collect())
    }

    /// One event; null when nobody publishes any of this name.
    #[graphql(guard = "Needs(Permission::EventDefinitionShow)", directive = authorize::apply(Permission::EventDefinitionShow))]
    async fn event_info(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its name, such as `task.completed`.")] name: String,
    ) -> Option<Result<EventDefinition>> {
        let find = || {
            let namespaces = scope(ctx)?.namespaces;
            Ok(ctx.data::<Engine>()?.catalogue().find(&name, &namespaces).map(EventDefinition))
        };
        find().transpose()
    }
}
