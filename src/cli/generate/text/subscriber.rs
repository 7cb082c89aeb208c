//! Says what happens, to whoever wants to hear it.

use tasker::prelude::*;

/// Makes a message of each event, and hands it to a function of the application.
pub struct {{ subscriber }} {
    send: Box<dyn Fn(String) + Send + Sync>,
}

impl {{ subscriber }} {
    /// `send` must not block: hand what takes long to a queue.
    pub fn new(send: impl Fn(String) + Send + Sync + 'static) -> Self {
        Self { send: Box::new(send) }
    }
}

#[tasker::async_trait]
impl EventSubscriber for {{ subscriber }} {
    fn name(&self) -> &str {
        "{{ name }}"
    }

    fn subscribe_to(&self) -> Patterns {
        [{% for event in events %}"{{ event.name }}"{% if not loop.last %}, {% endif %}{% endfor %}].into()
    }
{% for event in events|rejectattr("custom") %}

    async fn {{ event.method }}(&self, event: &WorkflowEvent) -> Result<(), SubscriberError> {
        let {{ event.subject }} = event.{% if event.of_step %}step_name().unwrap_or("a step"){% else %}task_name(){% endif %};
{% if event.takes_time %}
        let seconds: f64 = event.get("execution_duration", 0.0)?;
        (self.send)(format!("{{ event.subject }} {{ "{" }}{{ event.subject }}{{ "}" }} {{ event.words }} after {seconds:.1} s"));
{% elif event.fails %}
        let message: String = event.get("error_message", "unknown error".to_owned())?;
        (self.send)(format!("{{ event.subject }} {{ "{" }}{{ event.subject }}{{ "}" }} {{ event.words }}: {message}"));
{% else %}
        (self.send)(format!("{{ event.subject }} {{ "{" }}{{ event.subject }}{{ "}" }} {{ event.words }}"));
{% endif %}
        Ok(())
    }
{% endfor %}
{% if events|selectattr("custom")|list %}

    /// Events of handlers go to the methods of their names.
    async fn on_event(&self, event: &WorkflowEvent) -> Result<(), SubscriberError> {
        tasker::route!(self, event, {% for event in events|selectattr("custom") %}{{ event.method }}{% if not loop.last %}, {% endif %}{% endfor %})
    }
{% endif %}
}
{% if events|selectattr("custom")|list %}

impl {{ subscriber }} {
{% for event in events|selectattr("custom") %}
{% if not loop.first %}

{% endif %}
    async fn {{ event.method }}(&self, event: &WorkflowEvent) -> Result<(), SubscriberError> {
        (self.send)(format!("{}: {}", event.name(), event.payload()));
        Ok(())
    }
{% endfor %}
}
{% endif %}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tasker::testing::EventTest;

    use super::*;

    /// What it says of an event.
    async fn said(event: EventTest) -> Result<Vec<String>, SubscriberError> {
        let messages = Arc::new(Mutex::new(Vec::new()));
        let heard = messages.clone();
        let subscriber = {{ subscriber }}::new(move |message| heard.lock().unwrap().push(message));
        event.tell(&subscriber).await?;
        let messages = messages.lock().unwrap().clone();
        Ok(messages)
    }
{% for event in events %}

    #[tokio::test]
    async fn it_tells_of_{{ event.name|replace(".", "_") }}() -> Result<(), SubscriberError> {
{% if event.custom %}
        let event = EventTest::named("{{ event.name }}").payload(json!({ "reference": 7 }));
        let messages = said(event).await?;
        assert_eq!(messages.len(), 1);
        assert!(messages[0].starts_with("{{ event.name }}: "), "{messages:?}");
        assert!(messages[0].contains(r#""reference":7"#), "{messages:?}");
{% else %}
        let event = EventTest::named("{{ event.name }}").task("order"){% if event.of_step %}.step("pay", 1){% endif %};
        let event = event.payload(json!({ "execution_duration": 1.25, "error_message": "no" }));
{% if event.takes_time %}
        assert_eq!(said(event).await?, ["{{ event.subject }} {{ "pay" if event.of_step else "order" }} {{ event.words }} after 1.2 s"]);
{% elif event.fails %}
        assert_eq!(said(event).await?, ["{{ event.subject }} {{ "pay" if event.of_step else "order" }} {{ event.words }}: no"]);
{% else %}
        assert_eq!(said(event).await?, ["{{ event.subject }} {{ "pay" if event.of_step else "order" }} {{ event.words }}"]);
{% endif %}
{% endif %}
        Ok(())
    }
{% endfor %}
}
