//! Tasks a page at a time, as Relay wants it.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};

use super::{
    batch::{Batch, asked},
    caller::scope,
    cursor, given,
    page_info::PageInfo,
    refusal::unread,
    task::Task,
    words::{SortOrder, TaskSort},
};
use crate::{
    data::tasks::{self, Order, Range, Window},
    orchestration::Engine,
};

/// An order of tasks.
#[derive(InputObject, Debug, Clone, Copy)]
pub struct TaskOrder {
    /// What to sort by.
    #[graphql(default_with = "TaskSort::RequestedAt")]
    pub field: TaskSort,
    /// Which end comes first.
    #[graphql(default_with = "SortOrder::Descending")]
    pub direction: SortOrder,
}

impl From<TaskOrder> for Order {
    fn from(order: TaskOrder) -> Self {
        Self { by: order.field.into(), direction: order.direction.into() }
    }
}

/// A page of tasks.
pub struct TaskConnection {
    filter: tasks::TaskFilter,
    order: Order,
    range: Range,
    window: Window,
    more: bool,
    nodes: Vec<Task>,
}

impl TaskConnection {
    /// Reads the page `[after, before]` and `[first, last]` ask for.
    pub async fn read(
        ctx: &Context<'_>,
        filter: tasks::TaskFilter,
        order: Order,
        [after, before]: [Option<String>; 2],
        [first, last]: [Option<i32>; 2],
    ) -> Result<Self> {
        let place = |cursor: Option<String>| cursor.map(|cursor| cursor::task(&cursor, order)).transpose();
        let range = Range { after: place(after)?, before: place(before)? };
        let window = match (first, last) {
            (Some(_), Some(_)) => return Err(given::bad("give first or last, not both")),
            (None, Some(last)) => Window::Last(given::size("last", last)?),
            (first, None) => Window::First(given::size("first", first.unwrap_or(20))?),
        };
        let filter = tasks::TaskFilter { scope: Some(scope(ctx)?), ..filter };
        let (engine, contents) = (ctx.data::<Engine>()?, asked(ctx));
        let page = tasks::page(engine.database(), &filter, order, &range, window, contents).await;
        let page = page.map_err(unread)?;
        let nodes = Task::all(Batch::new(engine, page.tasks, contents));
        Ok(Self { filter, order, range, window, more: page.more, nodes })
    }

    fn cursor(&self, task: &Task) -> Result<String> {
        Ok(cursor::of_task(self.order, &self.order.place(task.row()).map_err(unread)?))
    }

    /// Tasks before this page; where it is empty, before the cursor it starts at.
    async fn has_previous(&self, engine: &Engine) -> Result<bool> {
        if matches!(self.window, Window::Last(_)) && !self.nodes.is_empty() && self.more {
            return Ok(true);
        }
        let (place, itself) = match (self.nodes.first(), &self.range.after) {
            (Some(_), None) if matches!(self.window, Window::First(_)) => return Ok(false),
            (Some(_), None) => return Ok(self.more),
            (Some(first), Some(_)) => (self.order.place(first.row()).map_err(unread)?, false),
            (None, Some(after)) => (after.clone(), true),
            (None, None) => return Ok(false),
        };
        tasks::any_before(engine.database(), &self.filter, self.order, &place, itself).await.map_err(unread)
    }

    /// Tasks after this page; where it is empty, after the cursor it ends at.
    async fn has_next(&self, engine: &Engine) -> Result<bool> {
        if matches!(self.window, Window::First(_)) && !self.nodes.is_empty() && self.more {
            return Ok(true);
        }
        let (place, itself) = match (self.nodes.last(), &self.range.before) {
            (Some(_), None) => return Ok(false),
            (Some(last), Some(_)) => (self.order.place(last.row()).map_err(unread)?, false),
            (None, Some(before)) => (before.clone(), true),
            (None, None) => return Ok(false),
        };
        tasks::any_after(engine.database(), &self.filter, self.order, &place, itself).await.map_err(unread)
    }
}

/// A page of tasks.
#[Object]
impl TaskConnection {
    /// The tasks of this page, each with its cursor.
    async fn edges(&self) -> Result<Vec<TaskEdge>> {
        let edge = |task: &Task| Ok(TaskEdge { cursor: self.cursor(task)?, node: task.clone() });
        self.nodes.iter().map(edge).collect()
    }

    /// The tasks of this page.
    async fn nodes(&self) -> &[Task] {
        &self.nodes
    }

    /// Where this page is.
    async fn page_info(&self, ctx: &Context<'_>) -> Result<PageInfo> {
        let engine = ctx.data::<Engine>()?;
        let wants = |field| ctx.look_ahead().field(field).exists();
        Ok(PageInfo {
            has_next_page: wants("hasNextPage") && self.has_next(engine).await?,
            has_previous_page: wants("hasPreviousPage") && self.has_previous(engine).await?,
            start_cursor: self.nodes.first().map(|task| self.cursor(task)).transpose()?,
            end_cursor: self.nodes.last().map(|task| self.cursor(task)).transpose()?,
        })
    }

    /// How many tasks the filter admits, on all pages together. They are counted when this is asked for.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i32> {
        let count = tasks::count(ctx.data::<Engine>()?.database(), &self.filter).await.map_err(unread)?;
        Ok(i32::try_from(count).unwrap_or(i32::MAX))
    }
}

/// A task in a page.
#[derive(SimpleObject)]
pub struct TaskEdge {
    /// Its place in this order, for `after` and `before`.
    cursor: String,
    /// The task.
    node: Task,
}
