//! Reads the keys of one entry, and collects everything that is wrong with them. Values are never shown: they may
//! have come out of a `${VAR}`.

use std::{
    collections::BTreeSet,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_yaml::{Mapping, Value};

use super::Mistake;
use crate::config::tree;

/// One entry of a list.
pub struct Reader<'a> {
    index: usize,
    entries: &'a Mapping,
    directory: &'a Path,
    known: BTreeSet<&'static str>,
    mistakes: &'a mut Vec<Mistake>,
}

impl<'a> Reader<'a> {
    /// None, and a mistake, for what has no keys.
    pub fn new(
        index: usize,
        value: &'a Value,
        directory: &'a Path,
        mistakes: &'a mut Vec<Mistake>,
    ) -> Option<Self> {
        match value {
            Value::Mapping(entries) => {
                Some(Self { index, entries, directory, known: BTreeSet::new(), mistakes })
            }
            other => {
                let message = format!("expected keys, such as `type: api_token`, not {}", tree::kind(other));
                mistakes.push((format!("[{index}]"), message));
                None
            }
        }
    }

    /// Notes that a key is wrong.
    pub fn wrong<T>(&mut self, key: &str, message: impl Into<String>) -> Option<T> {
        self.mistakes.push((format!("[{}].{key}", self.index), message.into()));
        None
    }

    /// Notes that a key is missing; the message says what it is for.
    pub fn missing<T>(&mut self, key: &str, message: &str) -> Option<T> {
        self.wrong(key, format!("is missing: {message}"))
    }

    /// Whether a key is there.
    pub fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// Notes that a key exists, whatever it holds.
    pub fn know(&mut self, key: &'static str) {
        self.known.insert(key);
    }

    /// A text.
    pub fn text(&mut self, key: &'static str) -> Option<String> {
        match self.value(key)? {
            Value::String(text) if text.trim().is_empty() => self.wrong(key, "is empty"),
            Value::String(text) => Some(text.clone()),
            // YAML would round a long number.
            _ => self.wrong(key, "expected a text; put it in quotes"),
        }
    }

    /// A text or a list of them; empty when it is absent.
    pub fn texts(&mut self, key: &'static str) -> Vec<String> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let texts: Option<Vec<String>> = match value {
            Value::String(text) => Some(vec![text.clone()]),
            Value::Sequence(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
            _ => None,
        };
        match texts {
            Some(texts) if !texts.is_empty() && texts.iter().all(|text| !text.trim().is_empty()) => texts,
            _ => self
                .wrong(key, "expected a text, or a list of texts such as `[one, two]`")
                .unwrap_or_default(),
        }
    }

    /// A duration with its unit, within limits.
    pub fn duration(
        &mut self,
        key: &'static str,
        default: Duration,
        range: RangeInclusive<Duration>,
    ) -> Duration {
        let Some(value) = self.value(key) else { return default };
        let given = value.as_str().and_then(|text| humantime::parse_duration(text).ok());
        match given {
            Some(given) if range.contains(&given) => given,
            Some(_) => {
                let [least, most] =
                    [range.start(), range.end()].map(|limit| humantime::format_duration(*limit));
                self.wrong(key, format!("must be between {least} and {most}")).unwrap_or(default)
            }
            None => {
                let message = "expected a duration with its unit, such as `10s` or `1m 30s`";
                self.wrong(key, message).unwrap_or(default)
            }
        }
    }

    /// A path, from the folder of the configuration.
    pub fn path(&self, text: &str) -> PathBuf {
        self.directory.join(text)
    }

    /// Refuses the keys that nobody asked for.
    pub fn finish(&mut self) {
        let known: Vec<&str> = self.known.iter().copied().collect();
        let unknown: Vec<String> =
            self.entries.keys().map(tree::text).filter(|key| !known.contains(&key.as_str())).collect();
        for key in unknown {
            self.wrong::<()>(&key, format!("unknown key; known here: {}", known.join(", ")));
        }
    }

    fn value(&mut self, key: &'static str) -> Option<&'a Value> {
        self.known.insert(key);
        self.entries.get(key)
    }
}
