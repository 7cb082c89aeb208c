//! The step `{{ name }}`.

use tasker::prelude::*;

/// {{ words }}.
pub struct {{ handler }};

#[tasker::async_trait]
impl StepHandler for {{ handler }} {
    /// `Ok` completes the step, and its dependents see what it leaves. An error is tried again, until the template's
    /// limit; `StepError::permanent` is not. An attempt may be repeated: `step.id()` is the same for all of them.
    async fn process(
        &self,
        task: &TaskView,
        {% if before %}sequence{% else %}_{% endif %}: &Sequence,
        step: &StepView,
    ) -> Result<Value, StepError> {
{% if before %}
        let before = sequence.find_step_by_name("{{ before }}").and_then(|step| step.results);
{% endif %}
{% for event in events %}
        step.publish("{{ event.name }}", json!({ "task_id": task.id() }))?;
{% endfor %}
        Ok(json!({
            "idempotency_key": step.id(),
            "context": task.context(),
{% if before %}
            "before": before,
{% endif %}
        }))
    }
{% if events %}

    fn custom_events(&self) -> Vec<CustomEvent> {
        let event = |name: &str, description: &str| CustomEvent {
            name: name.into(),
            description: description.into(),
        };
        vec![
{% for event in events %}
            event("{{ event.name }}", "{{ words }}: {{ event.name }}"),
{% endfor %}
        ]
    }
{% endif %}
}

#[cfg(test)]
mod tests {
    use tasker::testing::StepTest;

    use super::*;

    #[tokio::test]
    async fn it_leaves_what_its_dependents_need() {
        let test = StepTest::new({{ handler }}).context(json!({ "order_id": 1 }));
{% if before %}
        let run = test.results("{{ before }}", json!({ "done": true })).run().await;
        assert_eq!(run.results()["before"], json!({ "done": true }));
{% else %}
        let run = test.run().await;
{% endif %}
        assert_eq!(run.results()["context"], json!({ "order_id": 1 }));
{% if events %}
        assert_eq!(run.event_names(), [{% for event in events %}"{{ event.name }}"{% if not loop.last %}, {% endif %}{% endfor %}]);
{% endif %}
    }
}
