//! One entry, key by key.

use std::{ops::RangeInclusive, time::Duration};

use serde_json::Value;

use super::{LogSettings, MetricsSettings, SENSITIVE_KEYS, SubscriberKind, SubscriberSettings, webhook};
use crate::model::{
    event_pattern::{EventPattern, EventPatterns},
    template::document::{Path, Reading, Section, text},
};

const EVERY: [&str; 5] = ["name", "type", "events", "namespaces", "enabled"];
const LOG: [&str; 2] = ["level", "sensitive_keys"];
const METRICS: [&str; 1] = ["max_series"];

/// Reads entries.
pub(super) struct Entry<'a> {
    section: Section<'a>,
    reading: &'a Reading<'a>,
    path: &'a Path<'a>,
    is_webhook: bool,
}

impl<'a> Entry<'a> {
    /// None where something is wrong with it, which is reported.
    pub(super) fn read(
        reading: &'a Reading<'a>,
        path: &'a Path<'a>,
        value: &'a Value,
        known_events: &[String],
    ) -> Option<SubscriberSettings> {
        let known = |own: &[&'static str]| EVERY.iter().chain(own).copied().collect::<Vec<_>>();
        let known = match value.get("type").and_then(Value::as_str) {
            Some("log") => known(&LOG),
            Some("metrics") => known(&METRICS),
            Some("webhook") => known(&webhook::KEYS),
            // Which keys it may have depends on what is not known.
            _ => known(&[&LOG[..], &METRICS, &webhook::KEYS].concat()),
        };
        let section = Section::open(reading, path, value, &known)?;
        let is_webhook = value.get("type").and_then(Value::as_str) == Some("webhook");
        let entry = Self { section, reading, path, is_webhook };
        let (name, events) = (entry.name(), entry.events(known_events));
        let namespaces = entry.names("namespaces");
        let enabled = entry.section.boolean("enabled").unwrap_or(true);
        let kind = entry.kind();
        Some(SubscriberSettings {
            name: name?,
            events: events?,
            namespaces: namespaces?,
            kind: kind?,
            enabled,
        })
    }

    fn name(&self) -> Option<String> {
        let Some(name) = self.text("name") else {
            if !self.section.has("name") {
                self.wrong::<()>("name", "is missing: it names the subscriber in metrics, logs and commands");
            }
            return None;
        };
        match is_name(&name) {
            true => Some(name),
            false => self.wrong("name", "must be 1 to 64 letters, digits, `_`, `.` or `-`"),
        }
    }

    fn events(&self, known: &[String]) -> Option<EventPatterns> {
        if !self.section.has("events") {
            return Some(EventPatterns::all());
        }
        let items = self.section.list("events")?;
        if items.is_empty() {
            return self.wrong("events", "is empty: name events, or leave the key out for all");
        }
        let path = self.path.key("events");
        let patterns: Vec<Option<EventPattern>> = items
            .iter()
            .enumerate()
            .map(|(index, item)| self.pattern(&path.index(index), item, known))
            .collect();
        patterns.into_iter().collect::<Option<_>>().map(EventPatterns::new)
    }

    fn pattern(&self, path: &Path<'_>, item: &Value, known: &[String]) -> Option<EventPattern> {
        let pattern = text(self.reading, path, item)?;
        let parsed: EventPattern = match pattern.value.parse() {
            Ok(parsed) => parsed,
            Err(error) => {
                self.reading.error(path, format!("{error}, not `{}`", pattern.written));
                return None;
            }
        };
        if self.is_webhook && EventPatterns::new(vec![parsed.clone()]).name_passing() {
            let message = format!(
                "`{}` is told only in the process where it happens, and a webhook sends what is in the log; name events of \
                 tasks and steps, or use the type `log`",
                pattern.written
            );
            self.reading.error(path, message);
            return None;
        }
        if !parsed.admits_any(known.iter().map(String::as_str)) {
            let near = self.reading.suggestion(&pattern.written, known.iter().map(String::as_str));
            let message = format!("no event that is declared here has such a name{near}");
            self.reading.warning(path, message);
        }
        Some(parsed)
    }

    fn kind(&self) -> Option<SubscriberKind> {
        let Some(kind) = self.text("type") else {
            if !self.section.has("type") {
                self.wrong::<()>("type", "is missing: say which: `log`, `metrics` or `webhook`");
            }
            return None;
        };
        match kind.as_str() {
            "log" => self.log().map(SubscriberKind::Log),
            "metrics" => {
                let max_series = self.integer("max_series", 1_000, 1..=100_000)?;
                Some(SubscriberKind::Metrics(MetricsSettings { max_series }))
            }
            "webhook" => webhook::read(self).map(Box::new).map(SubscriberKind::Webhook),
            other => {
                let near = self.reading.suggestion(other, ["log", "metrics", "webhook"]);
                self.wrong("type", format!("expected `log`, `metrics` or `webhook`{near}"))
            }
        }
    }

    fn log(&self) -> Option<LogSettings> {
        let level = match self.section.has("level") {
            false => tracing::Level::INFO,
            true => match self.text("level")?.parse() {
                Ok(level) => level,
                Err(_) => return self.wrong("level", "expected `error`, `warn`, `info`, `debug` or `trace`"),
            },
        };
        let sensitive_keys = match self.section.has("sensitive_keys") {
            false => SENSITIVE_KEYS.map(str::to_owned).into(),
            true => self.names("sensitive_keys")?,
        };
        let sensitive_keys = sensitive_keys.iter().map(|key| key.to_lowercase()).collect();
        Some(LogSettings { level, sensitive_keys })
    }

    /// Notes that a key is wrong.
    pub(super) fn wrong<T>(&self, key: &str, message: impl Into<String>) -> Option<T> {
        self.section.error(key, message);
        None
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.section.has(key)
    }

    pub(super) fn section(&self) -> &Section<'a> {
        &self.section
    }

    /// A text that is not empty, with its variables put in.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        let text = self.section.text(key).filter(|text| text.known)?.value;
        if text.trim().is_empty() { self.wrong(key, "is empty") } else { Some(text) }
    }

    /// A list of texts; empty where the key is absent.
    pub(super) fn names(&self, key: &str) -> Option<Vec<String>> {
        if !self.section.has(key) {
            return Some(Vec::new());
        }
        let path = self.path.key(key);
        let items = self.section.list(key)?;
        let one = |(index, item): (usize, &Value)| {
            text(self.reading, &path.index(index), item).filter(|text| text.known).map(|text| text.value)
        };
        items.iter().enumerate().map(one).collect()
    }

    pub(super) fn boolean(&self, key: &str, default: bool) -> Option<bool> {
        if self.section.has(key) { self.section.boolean(key) } else { Some(default) }
    }

    pub(super) fn integer(&self, key: &str, default: usize, range: RangeInclusive<i64>) -> Option<usize> {
        if !self.section.has(key) {
            return Some(default);
        }
        self.section.integer(key, range).and_then(|number| usize::try_from(number).ok())
    }

    /// A duration with its unit, within limits.
    pub(super) fn duration(
        &self,
        key: &str,
        default: Duration,
        range: RangeInclusive<Duration>,
    ) -> Option<Duration> {
        if !self.section.has(key) {
            return Some(default);
        }
        match humantime::parse_duration(&self.text(key)?) {
            Ok(given) if range.contains(&given) => Some(given),
            Ok(_) => {
                let [least, most] = [range.start(), range.end()].map(|end| humantime::format_duration(*end));
                self.wrong(key, format!("must be between {least} and {most}"))
            }
            Err(_) => self.wrong(key, "expected a duration with its unit, such as `10s` or `1m 30s`"),
        }
    }
}

/// What may be a subscriber's name.
pub(crate) fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    (1..=64).contains(&name.len()) && name.chars().all(fits)
}
