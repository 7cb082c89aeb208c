//! Reading the event log.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};

use super::{
    authorize::authorize,
    caller::{Needs, scope},
    cursor,
    event::WorkflowEvent,
    follow, given,
    page_info::PageInfo,
    refusal::unread,
};
use crate::{auth::Permission, data::log, orchestration::Engine};

/// Which events. Everything that is given must hold; what is left out or null does not matter.
#[derive(InputObject, Debug, Clone, Default)]
pub struct EventFilter {
    /// With one of these names, such as `task.completed`.
    pub names: Option<Vec<String>>,
    /// About this task.
    pub task_id: Option<ID>,
    /// About this step. Give its task as well: events are not found by the step alone as fast.
    pub step_id: Option<ID>,
    /// In this namespace.
    pub namespace: Option<String>,
    /// About tasks of the template with this name.
    pub task_name: Option<String>,
}

impl EventFilter {
    /// As the data layer takes it.
    pub fn read(self) -> Result<log::EventFilter> {
        Ok(log::EventFilter {
            names: given::texts("names", self.names)?,
            task: self.task_id.as_ref().map(given::task_id).transpose()?,
            step: self.step_id.as_ref().map(given::step_id).transpose()?,
            namespace: given::text("namespace", self.namespace)?,
            task_name: given::text("taskName", self.task_name)?,
            scope: None,
        })
    }
}

/// Queries of the event log.
#[derive(Default)]
pub struct EventQueries;

#[Object]
impl EventQueries {
    /// What happened, oldest first.
    #[graphql(guard = "Needs(Permission::EventIndex)", directive = authorize::apply(Permission::EventIndex))]
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which events; all without it.")] filter: Option<EventFilter>,
        #[graphql(desc = "How many, from 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
    ) -> Result<WorkflowEventConnection> {
        let filter = log::EventFilter { scope: Some(scope(ctx)?), ..filter.unwrap_or_default().read()? };
        let limit = given::size("first", first)?;
        let after = after.map(|cursor| cursor::event(&cursor)).transpose()?;
        let engine = ctx.data::<Engine>()?;
        let database = engine.database();
        let mut events =
            log::after(database, &filter, after.unwrap_or(0), limit + 1).await.map_err(unread)?;
        // Asked afterwards, so that nothing goes in between.
        follow::known(engine, &filter, after).await?;
        let more = events.len() as u64 > limit;
        if more {
            events.pop();
        }
        Ok(WorkflowEventConnection {
            filter,
            after,
            more,
            nodes: events.into_iter().map(WorkflowEvent).collect(),
        })
    }

    /// The end of the log now: what is given as `after` to start with what happens next.
    #[graphql(guard = "Needs(Permission::EventIndex)", directive = authorize::apply(Permission::EventIndex))]
    async fn event_cursor(&self, ctx: &Context<'_>) -> Result<String> {
        let position = log::position(ctx.data::<Engine>()?.database()).await.map_err(unread)?;
        Ok(cursor::of_event(position))
    }
}

/// A page of events.
pub struct WorkflowEventConnection {
    filter: log::EventFilter,
    after: Option<i64>,
    more: bool,
    nodes: Vec<WorkflowEvent>,
}

/// A page of events, oldest first.
#[Object]
impl WorkflowEventConnection {
    /// The events of this page, each with its cursor.
    async fn edges(&self) -> Vec<WorkflowEventEdge> {
        let edge = |event: &WorkflowEvent| WorkflowEventEdge {
            cursor: cursor::of_event(event.0.position),
            node: event.clone(),
        };
        self.nodes.iter().map(edge).collect()
    }

    /// The events of this page.
    async fn nodes(&self) -> &[WorkflowEvent] {
        &self.nodes
    }

    /// Where this page is.
    async fn page_info(&self, ctx: &Context<'_>) -> Result<PageInfo> {
        let before = match (self.nodes.first(), self.after) {
            (_, None) => None,
            (Some(first), Some(_)) => Some(first.0.position),
            (None, Some(after)) => Some(after.saturating_add(1)),
        };
        let has_previous_page = match before {
            Some(position) if ctx.look_ahead().field("hasPreviousPage").exists() => {
                let database = ctx.data::<Engine>()?.database();
                !log::before(database, &self.filter, position, 1).await.map_err(unread)?.is_empty()
            }
            Some(_) | None => false,
        };
        let cursor = |event: &WorkflowEvent| cursor::of_event(event.0.position);
        Ok(PageInfo {
            has_next_page: self.more,
            has_previous_page,
            start_cursor: self.nodes.first().map(cursor),
            end_cursor: self.nodes.last().map(cursor),
        })
    }
}

/// An event in a page.
#[derive(SimpleObject)]
pub struct WorkflowEventEdge {
    /// Its place in the log, for `after`.
    cursor: String,
    /// The event.
    node: WorkflowEvent,
}
