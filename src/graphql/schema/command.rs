//! Commands: to the engine, and the changed object back as it is afterwards.

use async_graphql::{Context, ID, Result};

use super::{
    batch::{Batch, asked},
    caller::{caller, may_change},
    given,
    refusal::{refused, unread},
    step::WorkflowStep,
    task::Task,
};
use crate::{
    data::tasks,
    model::{id::TaskId, task::Command},
    orchestration::{Engine, Error},
};

/// Carries out a command about a task.
pub async fn task(ctx: &Context<'_>, task: &ID, command: Command, reason: Option<String>) -> Result<Task> {
    let task = given::task_id(task)?;
    may_change(ctx, task)?;
    let engine = ctx.data::<Engine>()?;
    engine.command(caller(ctx)?, task, command, reason).await.map_err(refused)?;
    read(ctx, task).await
}

/// Carries out a command about a step of a task.
pub async fn step(
    ctx: &Context<'_>,
    [task, step]: [&ID; 2],
    command: impl FnOnce(crate::model::id::StepId) -> Command,
    reason: Option<String>,
) -> Result<WorkflowStep> {
    let step = given::step_id(step)?;
    let task = self::task(ctx, task, command(step), reason).await?;
    let id = TaskId(task.row().id);
    task.step(step).await?.ok_or_else(|| refused(Error::UnknownStep(id)))
}

/// The task as it is.
pub async fn read(ctx: &Context<'_>, task: TaskId) -> Result<Task> {
    let (engine, contents) = (ctx.data::<Engine>()?, asked(ctx));
    let row = tasks::find(engine.database(), task.0, contents).await.map_err(unread)?;
    let row = row.ok_or_else(|| refused(Error::UnknownTask(task)))?;
    Ok(Task::only(Batch::new(engine, vec![row], contents)))
}
