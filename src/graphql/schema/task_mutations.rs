//! Changing tasks.

use async_graphql::{Context, ID, InputObject, Object, Result};

use super::{
    authorize::authorize,
    caller::{Needs, caller, may_change},
    command, given,
    refusal::refused,
    task::Task,
};
use crate::{auth::Permission, model::task::Command, orchestration::Engine};

/// Other words for a task.
#[derive(InputObject, Debug, Clone)]
pub struct UpdateTaskInput {
    /// Which task.
    pub task_id: ID,
    /// Why it exists, from now on; unchanged without it.
    pub reason: Option<String>,
    /// Its tags, from now on; unchanged without them.
    pub tags: Option<Vec<String>>,
}

/// A task that is to be cancelled.
#[derive(InputObject, Debug, Clone)]
pub struct CancelTaskInput {
    /// Which task.
    pub task_id: ID,
    /// Why; recorded with it.
    pub reason: Option<String>,
}

/// A task that is to go on.
#[derive(InputObject, Debug, Clone)]
pub struct RetryTaskInput {
    /// Which task.
    pub task_id: ID,
    /// Why; recorded with it.
    pub reason: Option<String>,
    /// How many more attempts each failed step gets; as many as its template gives without it.
    pub additional_attempts: Option<i32>,
}

/// A task that is to be declared done.
#[derive(InputObject, Debug, Clone)]
pub struct ResolveTaskInput {
    /// Which task.
    pub task_id: ID,
    /// Why; recorded with it.
    pub reason: Option<String>,
}

/// A task that is to be removed.
#[derive(InputObject, Debug, Clone)]
pub struct DeleteTaskInput {
    /// Which task.
    pub task_id: ID,
    /// Why; recorded with it.
    pub reason: Option<String>,
}

/// Mutations of tasks.
#[derive(Default)]
pub struct TaskMutations;

#[Object]
impl TaskMutations {
    /// Changes a task's reason or tags. Refused while it is in progress.
    #[graphql(guard = "Needs(Permission::TaskUpdate)", directive = authorize::apply(Permission::TaskUpdate))]
    async fn update_task(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which task, and what about it.")] input: UpdateTaskInput,
    ) -> Result<Task> {
        let UpdateTaskInput { task_id, reason, tags } = input;
        if reason.is_none() && tags.is_none() {
            return Err(given::bad("there is nothing to change: give reason or tags"));
        }
        command::task(ctx, &task_id, Command::UpdateTask { reason: reason.clone(), tags }, reason).await
    }

    /// Ends a task: what is not settled becomes cancelled, running steps are told, and what they still answer does
    /// not count. Refused when the task is settled.
    #[graphql(guard = "Needs(Permission::TaskCancel)", directive = authorize::apply(Permission::TaskCancel))]
    async fn cancel_task(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which task, and why.")] input: CancelTaskInput,
    ) -> Result<Task> {
        command::task(ctx, &input.task_id, Command::CancelTask, input.reason).await
    }

    /// Lets a failed task go on: its failed steps get more attempts. Refused unless it is in error.
    #[graphql(guard = "Needs(Permission::TaskRetry)", directive = authorize::apply(Permission::TaskRetry))]
    async fn retry_task(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which task, and how.")] input: RetryTaskInput,
    ) -> Result<Task> {
        let additional_attempts = given::count("additionalAttempts", input.additional_attempts)?;
        command::task(ctx, &input.task_id, Command::RetryTask { additional_attempts }, input.reason).await
    }

    /// Declares a failed task done: what is not settled becomes cancelled. Refused when the task is settled.
    #[graphql(guard = "Needs(Permission::TaskResolve)", directive = authorize::apply(Permission::TaskResolve))]
    async fn resolve_task(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which task, and why.")] input: ResolveTaskInput,
    ) -> Result<Task> {
        command::task(ctx, &input.task_id, Command::ResolveTask, input.reason).await
    }

    /// Removes a settled task with its steps, events and contents, and answers with the task as it was. Only a
    /// `task.deleted` event stays.
    #[graphql(guard = "Needs(Permission::TaskDestroy)", directive = authorize::apply(Permission::TaskDestroy))]
    async fn delete_task(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which task, and why.")] input: DeleteTaskInput,
    ) -> Result<Task> {
        let id = given::task_id(&input.task_id)?;
        may_change(ctx, id)?;
        let task = command::read(ctx, id).await?;
        // Afterwards there is nothing left to read.
        task.read_all().await?;
        let engine = ctx.data::<Engine>()?;
        engine.delete_task(caller(ctx)?, id, input.reason).await.map_err(refused)?;
        Ok(task)
    }
}
