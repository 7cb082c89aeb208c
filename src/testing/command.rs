//! What an operator can do, as a test does it.

use serde_json::Value;

use super::{Error, TestEngine, error::Result};
use crate::model::{
    id::{StepId, TaskId},
    task::Command,
};

/// Each is carried out, with everything that follows from it at once, or refused with the reason.
impl TestEngine {
    /// Nothing more of the task will be done.
    pub async fn cancel(&self, task: TaskId) -> Result {
        self.command(task, Command::CancelTask).await
    }

    /// Failed steps get as many attempts more as the template gives.
    pub async fn retry(&self, task: TaskId) -> Result {
        self.command(task, Command::RetryTask { additional_attempts: None }).await
    }

    /// The task is declared done.
    pub async fn resolve(&self, task: TaskId) -> Result {
        self.command(task, Command::ResolveTask).await
    }

    /// A finished task goes, with everything that is stored of it.
    pub async fn delete(&self, task: TaskId) -> Result {
        self.engine().delete_task(&self.setup.subject, task, None).await?;
        self.run_until_idle().await
    }

    /// The step will not run, nor what can't run without it.
    pub async fn cancel_step(&self, task: TaskId, step: &str) -> Result {
        let step = self.step_id(task, step).await?;
        self.command(task, Command::CancelStep { step }).await
    }

    /// The step gets more attempts; where it waits for one, that is made now.
    pub async fn retry_step(&self, task: TaskId, step: &str) -> Result {
        let step = self.step_id(task, step).await?;
        self.command(task, Command::RetryStep { step, additional_attempts: None }).await
    }

    /// The step is declared done, and this is what its dependents see of it.
    pub async fn resolve_step(&self, task: TaskId, step: &str, results: Value) -> Result {
        let step = self.step_id(task, step).await?;
        self.command(task, Command::ResolveStep { step, results: Some(results) }).await
    }

    /// The step's handler gets other inputs than the task's context.
    pub async fn set_inputs(&self, task: TaskId, step: &str, inputs: Value) -> Result {
        let step = self.step_id(task, step).await?;
        self.command(task, Command::UpdateStep { step, retry_limit: None, inputs: Some(inputs) }).await
    }

    /// Any command.
    pub async fn command(&self, task: TaskId, command: Command) -> Result {
        self.engine().command(&self.setup.subject, task, command, None).await?;
        self.run_until_idle().await
    }

    async fn step_id(&self, task: TaskId, name: &str) -> Result<StepId> {
        let task = self.loaded(task).await?;
        let unknown = || Error::UnknownStep {
            step: name.to_owned(),
            existing: task.template.steps.iter().map(|step| step.name.clone()).collect(),
        };
        task.template.step_no(name).map(|no| task.step(no).id).ok_or_else(unknown)
    }
}
