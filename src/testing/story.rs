//! What became of a task, from its events alone, for people.

use std::fmt::{self, Write as _};

use serde_json::Value;

use crate::model::event::{Event, EventName, Recorded};

/// A line for each step and one for the task: every status it had, and why.
///
/// It equals a text that says the same in the same lines: how the text is indented does not matter, and empty lines
/// around it don't either.
#[derive(Clone, PartialEq, Eq)]
pub struct Story(String);

impl Story {
    /// Of a task with these steps, to which this happened.
    pub fn of(steps: &[String], events: &[Recorded]) -> Self {
        let width = steps.iter().map(|name| name.chars().count()).max().unwrap_or(0).max("task".len());
        let mut text = String::new();
        for name in steps {
            let own = events
                .iter()
                .filter(|recorded| recorded.event.step.as_ref().is_some_and(|step| *step.name == **name));
            let _ = writeln!(text, "{name:width$}  {}", line(own));
        }
        let own = events.iter().filter(|recorded| recorded.event.step.is_none());
        let _ = write!(text, "{:width$}  {}", "task", line(own));
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// On lines of its own, to be read where an assertion prints it.
impl fmt::Debug for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{}\n", self.0)
    }
}

impl PartialEq<str> for Story {
    fn eq(&self, text: &str) -> bool {
        said(&self.0) == said(text)
    }
}

impl PartialEq<&str> for Story {
    fn eq(&self, text: &&str) -> bool {
        *self == **text
    }
}

/// What a text says: its lines, each as its words.
fn said(text: &str) -> Vec<Vec<&str>> {
    text.trim().lines().map(|line| line.split_whitespace().collect()).collect()
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
