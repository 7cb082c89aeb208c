//! Publishing events from outside.

use async_graphql::{Context, ID, InputObject, Object, Result};
use serde_json::json;

use super::{
    authorize::authorize,
    caller::{Needs, caller, may_change},
    event::WorkflowEvent,
    given,
    refusal::refused,
    scalar::Json,
};
use crate::{auth::Permission, orchestration::Engine};

/// A custom event.
#[derive(InputObject, Debug, Clone)]
pub struct PublishEventInput {
    /// The task that it is about.
    pub task_id: ID,
    /// Its name, which the task's template must declare, or a handler of its steps.
    pub name: String,
    /// What there is to say, preferably an object; anything else becomes its `value`. An empty object without it.
    pub payload: Option<Json>,
}

/// Mutations that publish.
#[derive(Default)]
pub struct EventMutations;

#[Object]
impl EventMutations {
    /// Publishes a custom event about a task, whatever its status. It changes nothing about the task.
    #[graphql(guard = "Needs(Permission::EventPublish)", directive = authorize::apply(Permission::EventPublish))]
    async fn publish_event(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which event, and about which task.")] input: PublishEventInput,
    ) -> Result<WorkflowEvent> {
        let task = given::task_id(&input.task_id)?;
        may_change(ctx, task)?;
        let payload = input.payload.map(|payload| payload.0).filter(|payload| !payload.is_null());
        let payload = payload.unwrap_or_else(|| json!({}));
        let engine = ctx.data::<Engine>()?;
        let published = engine.publish_event(caller(ctx)?, task, &input.name, payload).await;
        published.map(WorkflowEvent).map_err(refused)
    }
}
