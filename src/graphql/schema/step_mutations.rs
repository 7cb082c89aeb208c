//! Changing steps.

use async_graphql::{Context, ID, InputObject, Object, Result};

use super::{authorize::authorize, caller::Needs, command, given, scalar::Json, step::WorkflowStep};
use crate::{auth::Permission, model::task::Command};

/// Another limit or other inputs for a step.
#[derive(InputObject, Debug, Clone)]
pub struct UpdateStepInput {
    /// Which task.
    pub task_id: ID,
    /// Which of its steps.
    pub step_id: ID,
    /// Why; recorded with it.
    pub reason: Option<String>,
    /// How many attempts it may have in all; unchanged without it.
    pub retry_limit: Option<i32>,
    /// What its handler gets in place of the task's context; unchanged without it.
    pub inputs: Option<Json>,
}

/// A step that is to be cancelled.
#[derive(InputObject, Debug, Clone)]
pub struct CancelStepInput {
    /// Which task.
    pub task_id: ID,
    /// Which of its steps.
    pub step_id: ID,
    /// Why; recorded with it.
    pub reason: Option<String>,
}

/// A step that is to be tried again.
#[derive(InputObject, Debug, Clone)]
pub struct RetryStepInput {
    /// Which task.
    pub task_id: ID,
    /// Which of its steps.
    pub step_id: ID,
    /// Why; recorded with it.
    pub reason: Option<String>,
    /// How many more attempts it gets; as many as its template gives without it.
    pub additional_attempts: Option<i32>,
}

/// A step that is to be declared done.
#[derive(InputObject, Debug, Clone)]
pub struct ResolveStepInput {
    /// Which task.
    pub task_id: ID,
    /// Which of its steps.
    pub step_id: ID,
    /// Why; recorded with it.
    pub reason: Option<String>,
    /// What the steps after it will see as its results.
    pub results: Option<Json>,
}

/// Mutations of steps.
#[derive(Default)]
pub struct StepMutations;

#[Object]
impl StepMutations {
    /// Changes a step's retry limit or inputs. Refused unless it is pending or in error.
    #[graphql(guard = "Needs(Permission::WorkflowStepUpdate)", directive = authorize::apply(Permission::WorkflowStepUpdate))]
    async fn update_step(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which step, and what about it.")] input: UpdateStepInput,
    ) -> Result<WorkflowStep> {
        let retry_limit = given::count("retryLimit", input.retry_limit)?;
        let inputs = input.inputs.map(|inputs| inputs.0);
        if retry_limit.is_none() && inputs.is_none() {
            return Err(given::bad("there is nothing to change: give retryLimit or inputs"));
        }
        let command = |step| Command::UpdateStep { step, retry_limit, inputs };
        command::step(ctx, [&input.task_id, &input.step_id], command, input.reason).await
    }

    /// Ends a step and everything behind it, which can't run without it. Refused when the step is settled.
    #[graphql(guard = "Needs(Permission::WorkflowStepCancel)", directive = authorize::apply(Permission::WorkflowStepCancel))]
    async fn cancel_step(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which step, and why.")] input: CancelStepInput,
    ) -> Result<WorkflowStep> {
        let command = |step| Command::CancelStep { step };
        command::step(ctx, [&input.task_id, &input.step_id], command, input.reason).await
    }

    /// Gives a failed step more attempts; a step that waits for its next attempt makes it now. Refused otherwise.
    #[graphql(guard = "Needs(Permission::WorkflowStepRetry)", directive = authorize::apply(Permission::WorkflowStepRetry))]
    async fn retry_step(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which step, and how.")] input: RetryStepInput,
    ) -> Result<WorkflowStep> {
        let additional_attempts = given::count("additionalAttempts", input.additional_attempts)?;
        let command = |step| Command::RetryStep { step, additional_attempts };
        command::step(ctx, [&input.task_id, &input.step_id], command, input.reason).await
    }

    /// Declares a step done, with results for the steps after it, and its task goes on. Refused unless the step is
    /// pending or in error.
    #[graphql(guard = "Needs(Permission::WorkflowStepResolve)", directive = authorize::apply(Permission::WorkflowStepResolve))]
    async fn resolve_step(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which step, why, and with which results.")] input: ResolveStepInput,
    ) -> Result<WorkflowStep> {
        let results = input.results.map(|results| results.0);
        let command = |step| Command::ResolveStep { step, results };
        command::step(ctx, [&input.task_id, &input.step_id], command, input.reason).await
    }
}
