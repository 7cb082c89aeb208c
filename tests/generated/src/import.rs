//! The workflow `import`: the hooks of its tasks, and the code of its steps.

mod complete_task;
mod fetch_data;
mod process_data;
#[cfg(test)]
mod tests;

use tasker::{app::Builder, prelude::*};

/// Registers the handlers under the names that `config/tasks/import.yaml` calls them by.
pub fn handlers(builder: Builder) -> Builder {
    builder
        .task_handler("Import", Import)
        .step_handler(
            "Import::StepHandler::FetchDataHandler",
            fetch_data::FetchDataHandler,
        )
        .step_handler(
            "Import::StepHandler::ProcessDataHandler",
            process_data::ProcessDataHandler,
        )
        .step_handler(
            "Import::StepHandler::CompleteTaskHandler",
            complete_task::CompleteTaskHandler,
        )
}

/// Hooks of every task of this workflow, run when it is created.
pub struct Import;

#[tasker::async_trait]
impl TaskHandler for Import {
    /// Checks what the template's schema can't say. Each violation has the JSON pointer of its place.
    async fn validate(&self, context: &Value) -> Result<(), Vec<Violation>> {
        if context.is_object() {
            return Ok(());
        }
        let message = "a task is given an object".to_owned();
        Err(vec![Violation {
            pointer: String::new(),
            message,
        }])
    }

    /// Adds to the context what every step may rely on.
    async fn initialize_context(&self, mut context: Value) -> Result<Value, StepError> {
        if let Some(entries) = context.as_object_mut() {
            entries.entry("workflow").or_insert_with(|| json!("import"));
        }
        Ok(context)
    }
}
