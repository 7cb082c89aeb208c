//! The workflow `{{ name }}`: the hooks of its tasks, and the code of its steps.

{% for step in steps|sort(attribute="name") %}
mod {{ step.name }};
{% endfor %}
#[cfg(test)]
mod tests;

use tasker::{app::Builder, prelude::*};

/// Registers the handlers under the names that `config/tasks/{{ name }}.yaml` calls them by.
pub fn handlers(builder: Builder) -> Builder {
    builder
        .task_handler("{{ handler }}", {{ handler }})
{% for step in steps %}
        .step_handler("{{ step.class }}", {{ step.name }}::{{ step.handler }})
{% endfor %}
}

/// Hooks of every task of this workflow, run when it is created.
pub struct {{ handler }};

#[tasker::async_trait]
impl TaskHandler for {{ handler }} {
    /// Checks what the template's schema can't say. Each violation has the JSON pointer of its place.
    async fn validate(&self, context: &Value) -> Result<(), Vec<Violation>> {
        if context.is_object() {
            return Ok(());
        }
        let message = "a task is given an object".to_owned();
        Err(vec![Violation { pointer: String::new(), message }])
    }

    /// Adds to the context what every step may rely on.
    async fn initialize_context(&self, mut context: Value) -> Result<Value, StepError> {
        if let Some(entries) = context.as_object_mut() {
            entries.entry("workflow").or_insert_with(|| json!("{{ name }}"));
        }
        Ok(context)
    }
}
