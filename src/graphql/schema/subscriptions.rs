//! What happens, told when it happens.

use async_graphql::{Context, ID, Result, Subscription};
use futures_util::Stream;

use super::{
    authorize::authorize,
    batch::asked,
    caller::{Needs, scope},
    cursor,
    event::WorkflowEvent,
    event_queries::EventFilter,
    follow, given,
    task::Task,
    worker::{StepsAvailable, may_run},
};
use crate::{auth::Permission, data::log, orchestration::Engine};

/// Everything that can be subscribed to.
pub struct Subscriptions;

#[Subscription(name = "Subscription")]
impl Subscriptions {
    /// Events, from now on. With `after`, first everything that came after that cursor, then what happens: nothing is
    /// missed and nothing is told twice.
    #[graphql(guard = "Needs(Permission::EventSubscribe)", directive = authorize::apply(Permission::EventSubscribe))]
    async fn workflow_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which events; all without it.")] filter: Option<EventFilter>,
        #[graphql(
            desc = "Start after this cursor: that of the last event that was seen, or of `eventCursor`."
        )]
        after: Option<String>,
    ) -> Result<impl Stream<Item = Result<WorkflowEvent>> + use<>> {
        let engine = ctx.data::<Engine>()?;
        let filter = log::EventFilter { scope: Some(scope(ctx)?), ..filter.unwrap_or_default().read()? };
        let after = after.map(|cursor| cursor::event(&cursor)).transpose()?;
        follow::known(engine, &filter, after).await?;
        Ok(follow::events(engine, filter, after))
    }

    /// A wake-up for workers: says for which of these handlers there are steps to claim, now and whenever there are new
    /// ones. `claimSteps` gets them, if nobody else was quicker.
    #[graphql(guard = "Needs(Permission::WorkflowStepClaim)", directive = authorize::apply(Permission::WorkflowStepClaim))]
    async fn steps_available(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Handlers that the worker has, up to 100.")] handler_classes: Vec<String>,
    ) -> Result<impl Stream<Item = Result<StepsAvailable>> + use<>> {
        let classes = given::texts("handlerClasses", Some(handler_classes))?.unwrap_or_default();
        may_run(ctx, &classes)?;
        follow::available(ctx.data::<Engine>()?, classes, scope(ctx)?).await
    }

    /// A task as it is now, and again after each change of it or of its steps. Ends when the task is settled.
    #[graphql(guard = "Needs(Permission::TaskShow)", directive = authorize::apply(Permission::TaskShow))]
    async fn task_updated(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which task.")] task_id: ID,
    ) -> Result<impl Stream<Item = Result<Task>> + use<>> {
        let task = given::task_id(&task_id)?;
        follow::task(ctx.data::<Engine>()?, task, asked(ctx), scope(ctx)?).await
    }
}
