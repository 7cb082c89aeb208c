//! Which events somebody wants to hear of, by name: `task.completed`, `task.*` or `*`.

use std::{fmt, str::FromStr};

use super::event::EventName;

/// Names of events: one, those that begin alike, or all.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum EventPattern {
    /// Every event.
    All,
    /// Those whose first segments are these: `task.*`.
    Below(Box<str>),
    /// The one of this name.
    Named(Box<str>),
}

/// It is none of the three forms.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected an event's name such as `task.completed`, its first segments such as `task.*`, or `*` for all"
)]
pub struct NoPattern;

impl EventPattern {
    /// Whether the event `name` is meant.
    pub fn admits(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Below(segments) => name.strip_prefix(&**segments).is_some_and(|rest| rest.starts_with('.')),
            Self::Named(own) => **own == *name,
        }
    }

    /// Whether any of `names` is meant.
    pub fn admits_any<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> bool {
        names.into_iter().any(|name| self.admits(name))
    }
}

impl FromStr for EventPattern {
    type Err = NoPattern;

    fn from_str(text: &str) -> Result<Self, NoPattern> {
        let is_name = |name: &str| !name.is_empty() && name.split('.').all(is_word);
        match text.strip_suffix(".*") {
            _ if text == "*" => Ok(Self::All),
            Some(segments) if is_name(segments) => Ok(Self::Below(segments.into())),
            None if is_name(text) && text.contains('.') => Ok(Self::Named(text.into())),
            _ => Err(NoPattern),
        }
    }
}

fn is_word(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

impl fmt::Display for EventPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Below(segments) => write!(f, "{segments}.*"),
            Self::Named(name) => f.write_str(name),
        }
    }
}

/// Several patterns; an event is meant where one of them means it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPatterns(Vec<EventPattern>);

impl EventPatterns {
    /// Every event.
    pub fn all() -> Self {
        Self(vec![EventPattern::All])
    }

    /// These.
    pub fn new(patterns: Vec<EventPattern>) -> Self {
        Self(patterns)
    }

    /// Whether an event is meant.
    pub fn admit(&self, name: &EventName) -> bool {
        self.0.iter().any(|pattern| pattern.admits(name.as_str()))
    }

    /// Whether one of them asks for events that are told in one process alone, by name or by their first segment; `*` is
    /// every event of the log.
    pub fn name_passing(&self) -> bool {
        let passing: Vec<EventName> = EventName::SYSTEM.iter().map(|name| EventName::parse(name)).collect();
        let mut named = self.0.iter().filter(|pattern| **pattern != EventPattern::All);
        named.any(|own| passing.iter().any(|name| !name.is_durable() && own.admits(name.as_str())))
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &EventPattern> {
        self.0.iter()
    }
}

impl fmt::Display for EventPatterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, pattern) in self.0.iter().enumerate() {
            write!(f, "{}{pattern}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(pattern: &str, name: &str) -> bool {
        pattern.parse::<EventPattern>().expect(pattern).admits(name)
    }

    #[test]
    fn a_pattern_means_one_name_or_those_below_it_or_all() {
        assert!(admits("task.completed", "task.completed"));
        assert!(!admits("task.completed", "task.completed_late"));
        assert!(admits("task.*", "task.failed") && admits("order.eu.*", "order.eu.paid"));
        assert!(!admits("task.*", "tasks.failed") && !admits("order.eu.*", "order.eu"));
        assert!(admits("*", "payment.processed"));
    }

    #[test]
    fn anything_else_is_no_pattern() {
        for text in ["", "task", "task.", ".*", "*.failed", "task.*.x", "task.com*", "a..b", "**", "a b.c"] {
            assert_eq!(text.parse::<EventPattern>(), Err(NoPattern), "{text}");
        }
    }

    #[test]
    fn a_pattern_is_written_as_it_was_read() {
        for text in ["*", "task.*", "order.fulfilled"] {
            assert_eq!(text.parse::<EventPattern>().expect(text).to_string(), text);
        }
    }
}
