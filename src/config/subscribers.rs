//! `subscribers.yaml`: who is told of events, beside the code of an application.
//!
//! The file is read as task templates are: every problem with its line, `${VAR}` put in and never shown.

mod reader;
#[cfg(test)]
mod tests;
mod webhook;

use std::{io, path::Path as FilePath};

use serde_json::Value;

use self::reader::Entry;
pub(crate) use self::reader::is_name;
pub use self::webhook::{Headers, Secret, WebhookSettings};
use super::Variables;
use crate::model::{
    event_pattern::EventPatterns,
    template::{
        Problem, Severity,
        document::{self, Path, Purpose, Reading, Section, kind},
    },
};

/// Bytes of the file that are read.
const MAX_BYTES: usize = 1 << 20;

/// One entry of the file, complete and sound.
#[derive(Debug, Clone, PartialEq)]
pub struct SubscriberSettings {
    /// Unique; a label of metrics, and the key of a webhook's place in the log.
    pub name: String,
    /// Which events, by name.
    pub events: EventPatterns,
    /// Only events of tasks in these; of all where it is empty.
    pub namespaces: Vec<String>,
    /// What it does with them.
    pub kind: SubscriberKind,
    /// Whether it does it.
    pub enabled: bool,
}

/// What a subscriber does with events.
#[derive(Debug, Clone, PartialEq)]
pub enum SubscriberKind {
    /// A line each.
    Log(LogSettings),
    /// Counts them for `/metrics`.
    Metrics(MetricsSettings),
    /// Sends them to somebody else, durably.
    Webhook(Box<WebhookSettings>),
}

/// A line an event.
#[derive(Debug, Clone, PartialEq)]
pub struct LogSettings {
    /// At which level.
    pub level: tracing::Level,
    /// Values under keys that contain one of these, whatever their case, are not shown.
    pub sensitive_keys: Vec<String>,
}

/// Counters and histograms.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricsSettings {
    /// Series of each metric; what would be one more is counted as `other`.
    pub max_series: usize,
}

/// Fragments of keys whose values nobody should find in a log.
pub const SENSITIVE_KEYS: [&str; 11] = [
    "passw",
    "secret",
    "token",
    "_key",
    "crypt",
    "salt",
    "certificate",
    "otp",
    "ssn",
    "authorization",
    "email",
];

impl SubscriberKind {
    /// As it is written.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Log(_) => "log",
            Self::Metrics(_) => "metrics",
            Self::Webhook(_) => "webhook",
        }
    }
}

impl SubscriberSettings {
    /// Whether events of this namespace are meant.
    pub fn covers(&self, namespace: &str) -> bool {
        self.namespaces.is_empty() || self.namespaces.iter().any(|own| own == namespace)
    }
}

/// What the file at `path` declares, and everything that is wrong with it; nothing where there is no file. `known` are
/// the names of the events there are: a pattern that means none of them is warned about.
pub fn load(
    path: &FilePath,
    variables: &Variables,
    known: &[String],
) -> (Vec<SubscriberSettings>, Vec<Problem>) {
    let file = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => read(&file, &text, variables, known),
        Err(error) if error.kind() == io::ErrorKind::NotFound => (Vec::new(), Vec::new()),
        Err(error) => {
            let message = format!("the file can't be read: {error}");
            let severity = Severity::Error;
            (Vec::new(), vec![Problem { file, line: None, path: String::new(), severity, message }])
        }
    }
}

/// The same of a text.
pub fn read(
    file: &str,
    text: &str,
    variables: &Variables,
    known: &[String],
) -> (Vec<SubscriberSettings>, Vec<Problem>) {
    let (document, mut problems) = document::read(file, text, MAX_BYTES);
    let Some(document) = document else { return (Vec::new(), problems) };
    let vars = |name: &str| variables.get(name).map(str::to_owned);
    let reading = Reading::new(file, &document.marks, Purpose::Load(&vars));
    let found = entries(&reading, &document.value, known);
    problems.extend(reading.into_problems());
    (found, problems)
}

fn entries(reading: &Reading<'_>, whole: &Value, known: &[String]) -> Vec<SubscriberSettings> {
    let root = Path::Root;
    // A file of comments alone.
    if whole.is_null() {
        return Vec::new();
    }
    let Some(section) = Section::open(reading, &root, whole, &["subscribers"]) else { return Vec::new() };
    let Some(list) = section.value("subscribers") else { return Vec::new() };
    let path = root.key("subscribers");
    let Value::Array(items) = list else {
        reading
            .error(&path, format!("must be a list of entries such as `- name: alerts`, not {}", kind(list)));
        return Vec::new();
    };
    let mut found: Vec<SubscriberSettings> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = path.index(index);
        let Some(read) = Entry::read(reading, &path, item, known) else { continue };
        if found.iter().any(|earlier| earlier.name == read.name) {
            let name = &read.name;
            reading.error(
                &path.key("name"),
                format!("{name} is the name of an earlier one; give this one its own"),
            );
        }
        found.push(read);
    }
    found
}
