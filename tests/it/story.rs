//! What became of a task, from its events alone, for people.

use std::fmt::Write as _;

use serde_json::Value;
use tasker::model::event::{Event, EventName, Recorded};

/// Asserts a task's story; each test tells it on both databases.
macro_rules! assert_story {
    ($app:expr, $task:expr, @$expected:literal) => {{
        let story = $app.story($task).await;
        insta::allow_duplicates! { insta::assert_snapshot!(story, @$expected) }
    }};
}

/// A line for each step and one for the task: every status it had, and why.
pub fn of(steps: &[String], events: &[Recorded]) -> String {
    let width = steps.iter().map(String::len).max().unwrap_or(0).max("task".len());
    let mut text = String::new();
    for name in steps {
        let own = events
            .iter()
            .filter(|recorded| recorded.event.step.as_ref().is_some_and(|step| *step.name == **name));
        let _ = writeln!(text, "{name:width$}  {}", line(own));
    }
    let own = events.iter().filter(|recorded| recorded.event.step.is_none());
    let _ = write!(text, "{:width$}  {}", "task", line(own));
    text
}

fn line<'a>(events: impl Iterator<Item = &'a Recorded>) -> String {
    let mut text = String::new();
    for event in events.map(|recorded| &recorded.event) {
        if let Some(to) = event.to {
            if text.is_empty() && event.from.is_some() {
                text.push_str("pending");
            }
            if !text.is_empty() {
                text.push_str(" → ");
            }
            text.push_str(to.as_str());
        } else if text.is_empty() {
            text.push_str("pending");
        }
        text.push_str(&note(event));
        if let Some(actor) = &event.actor {
            let _ = write!(text, " by {actor}");
        }
    }
    if text.is_empty() { "pending".into() } else { text }
}

fn note(event: &Event) -> String {
    let detail = |key: &str| match event.details.as_ref().and_then(|details| details.get(key)) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "?".into(),
    };
    match &event.name {
        EventName::StepFailed => format!(" ({}: {})", detail("exception_class"), detail("error_message")),
        EventName::StepRetryScheduled => format!(" (again in {} s)", detail("backoff_seconds")),
        EventName::StepMaxRetriesReached => " (no attempt left)".into(),
        EventName::StepReleased => format!(" ({})", detail("reason")),
        EventName::StepAwaitingWorker => " (waits for a worker)".into(),
        EventName::StepRetryRequested if event.to.is_none() => " (now)".into(),
        EventName::StepUpdated | EventName::TaskUpdated => " (updated)".into(),
        EventName::Custom(name) => format!(" ({name})"),
        _ => String::new(),
    }
}
