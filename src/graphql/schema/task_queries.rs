//! Reading tasks and steps.

use async_graphql::{Context, ID, Object, Result};

use super::{
    authorize::authorize,
    batch::{Batch, asked},
    caller::{Needs, scope},
    given,
    refusal::unread,
    step::WorkflowStep,
    task::Task,
    task_connection::{TaskConnection, TaskOrder},
    task_filter::TaskFilter,
    words::{SortOrder, Status, TaskSort},
};
use crate::{auth::Permission, data::tasks, orchestration::Engine};

/// Queries of tasks and steps.
#[derive(Default)]
pub struct TaskQueries;

#[Object]
impl TaskQueries {
    /// Tasks, those requested last first.
    #[graphql(guard = "Needs(Permission::TaskIndex)", directive = authorize::apply(Permission::TaskIndex))]
    #[allow(clippy::too_many_arguments)]
    async fn tasks(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from 1 to 100.", default = 20)] limit: i32,
        #[graphql(
            desc = "How many to leave out first, up to 10,000. To go further, use `taskConnection`.",
            default = 0
        )]
        offset: i32,
        #[graphql(desc = "What to sort by.", default_with = "TaskSort::RequestedAt")] sort_by: TaskSort,
        #[graphql(desc = "Which end comes first.", default_with = "SortOrder::Descending")]
        sort_order: SortOrder,
        #[graphql(desc = "Which tasks; all without it.")] filter: Option<TaskFilter>,
    ) -> Result<Vec<Task>> {
        let filter = filter.unwrap_or_default().read()?;
        list(ctx, filter, order(sort_by, sort_order), offset, limit).await
    }

    /// Tasks in one status, those requested last first.
    #[graphql(guard = "Needs(Permission::TaskIndex)", directive = authorize::apply(Permission::TaskIndex))]
    #[allow(clippy::too_many_arguments)]
    async fn tasks_by_status(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "In this status.")] status: Status,
        #[graphql(desc = "How many, from 1 to 100.", default = 20)] limit: i32,
        #[graphql(
            desc = "How many to leave out first, up to 10,000. To go further, use `taskConnection`.",
            default = 0
        )]
        offset: i32,
        #[graphql(desc = "What to sort by.", default_with = "TaskSort::RequestedAt")] sort_by: TaskSort,
        #[graphql(desc = "Which end comes first.", default_with = "SortOrder::Descending")]
        sort_order: SortOrder,
        #[graphql(desc = "Which of them; all without it.")] filter: Option<TaskFilter>,
    ) -> Result<Vec<Task>> {
        let mut filter = filter.unwrap_or_default().read()?;
        filter.and_statuses = Some(vec![status.into()]);
        list(ctx, filter, order(sort_by, sort_order), offset, limit).await
    }

    /// Tasks a page at a time, however many there are. A page does not move when tasks are added before it.
    #[graphql(guard = "Needs(Permission::TaskIndex)", directive = authorize::apply(Permission::TaskIndex))]
    #[allow(clippy::too_many_arguments)]
    async fn task_connection(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the start, 1 to 100; 20 when neither `first` nor `last` is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100. Not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which tasks; all without it.")] filter: Option<TaskFilter>,
        #[graphql(desc = "The order; those requested last first without it.")] order_by: Option<TaskOrder>,
    ) -> Result<TaskConnection> {
        let filter = filter.unwrap_or_default().read()?;
        let order = order_by.map_or(tasks::Order::NEWEST, Into::into);
        TaskConnection::read(ctx, filter, order, [after, before], [first, last]).await
    }

    /// One task; null when there is none with this id.
    #[graphql(guard = "Needs(Permission::TaskShow)", directive = authorize::apply(Permission::TaskShow))]
    async fn task(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which task.")] task_id: ID,
    ) -> Option<Result<Task>> {
        find(ctx, &task_id).await.transpose()
    }

    /// One step; null unless there is one with this id in that task.
    #[graphql(guard = "Needs(Permission::WorkflowStepShow)", directive = authorize::apply(Permission::WorkflowStepShow))]
    async fn step(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which task.")] task_id: ID,
        #[graphql(desc = "Which of its steps.")] step_id: ID,
    ) -> Option<Result<WorkflowStep>> {
        find_step(ctx, &task_id, &step_id).await.transpose()
    }
}

/// An order, as callers ask for it.
pub fn order(by: TaskSort, direction: SortOrder) -> tasks::Order {
    tasks::Order { by: by.into(), direction: direction.into() }
}

/// A page of tasks that the caller may see.
pub(super) async fn list(
    ctx: &Context<'_>,
    filter: tasks::TaskFilter,
    order: tasks::Order,
    offset: i32,
    limit: i32,
) -> Result<Vec<Task>> {
    let (offset, limit) = (given::offset(offset)?, given::size("limit", limit)?);
    let filter = tasks::TaskFilter { scope: Some(scope(ctx)?), ..filter };
    let (engine, contents) = (ctx.data::<Engine>()?, asked(ctx));
    let rows =
        tasks::list(engine.database(), &filter, order, offset, limit, contents).await.map_err(unread)?;
    Ok(Task::all(Batch::new(engine, rows, contents)))
}

/// The task, if there is one that the caller may see.
pub(super) async fn find(ctx: &Context<'_>, task: &ID) -> Result<Option<Task>> {
    let task = given::task_id(task)?;
    let (engine, contents) = (ctx.data::<Engine>()?, asked(ctx));
    let row = tasks::find(engine.database(), task.0, contents).await.map_err(unread)?;
    let scope = scope(ctx)?;
    let row = row.filter(|row| scope.covers(&row.namespace, row.created_by.as_deref()));
    Ok(row.map(|row| Task::only(Batch::new(engine, vec![row], contents))))
}

async fn find_step(ctx: &Context<'_>, task: &ID, step: &ID) -> Result<Option<WorkflowStep>> {
    let step = given::step_id(step)?;
    let Some(task) = find(ctx, task).await? else { return Ok(None) };
    task.step(step).await
}
