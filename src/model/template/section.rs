//! A mapping of the document with a fixed set of keys, read key by key.
//!
//! A key without a value is a key that is not given: that is how an environment goes back to a default.

use std::{fmt::Display, ops::RangeInclusive, time::Duration};

use serde_json::{Map, Value};

use super::{
    path::Path,
    reading::{Reading, Text},
};

/// Ten years. Nothing that waits longer was meant.
const MAX_SECONDS: f64 = 315_360_000.0;

/// A mapping, and the reading it belongs to.
pub(crate) struct Section<'a> {
    pub reading: &'a Reading<'a>,
    pub path: &'a Path<'a>,
    map: &'a Map<String, Value>,
}

impl<'a> Section<'a> {
    /// Opens the mapping at `path`. What is not one, and every key that is not in `known`, is reported.
    pub fn open(
        reading: &'a Reading<'a>,
        path: &'a Path<'a>,
        value: &'a Value,
        known: &[&str],
    ) -> Option<Self> {
        let Value::Object(map) = value else {
            reading.error(path, format!("must be a mapping, not {}", kind(value)));
            return None;
        };
        for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
            let suggestion = reading.suggestion(key, known.iter().copied());
            reading.error(&path.key(key), format!("unknown key{suggestion}"));
        }
        Some(Self { reading, path, map })
    }

    /// The value of `key`, if it has one.
    pub fn value(&self, key: &str) -> Option<&'a Value> {
        match self.map.get(key) {
            Some(Value::Null) => {
                // In an environment, nothing is a way to say: as if it were not there.
                if !self.reading.is_override(&self.path.key(key)) {
                    self.reading.warning(&self.path.key(key), "has no value, as if the key were not there");
                }
                None
            }
            value => value,
        }
    }

    /// Is there a value, whatever it is?
    pub fn has(&self, key: &str) -> bool {
        self.map.get(key).is_some_and(|value| !value.is_null())
    }

    /// Reports what is wrong with the value of `key`.
    pub fn error(&self, key: &str, message: impl Into<String>) {
        self.reading.error(&self.path.key(key), message);
    }

    /// A text, with its variables replaced.
    pub fn text(&self, key: &str) -> Option<Text> {
        text(self.reading, &self.path.key(key), self.value(key)?)
    }

    /// A text that is only shown. Its variables stay as they are written, so that no secret is ever shown.
    pub fn shown(&self, key: &str) -> Option<String> {
        self.text(key).map(|text| text.written)
    }

    /// `true` or `false`.
    pub fn boolean(&self, key: &str) -> Option<bool> {
        let wanted = "true or false";
        self.scalar(key, wanted, Value::as_bool, |text| text.parse().ok())
    }

    /// A whole number in `range`.
    pub fn integer(&self, key: &str, range: RangeInclusive<i64>) -> Option<i64> {
        let number = self.scalar(key, "a whole number", whole, |text| text.trim().parse().ok())?;
        self.within(key, number, &range)
    }

    /// A number in `range`.
    pub fn number(&self, key: &str, range: RangeInclusive<f64>) -> Option<f64> {
        let number = self.scalar(key, "a number", Value::as_f64, decimal)?;
        self.within(key, number, &range)
    }

    /// Seconds, more than none.
    pub fn timeout(&self, key: &str) -> Option<Duration> {
        let seconds = self.number(key, 0.0..=MAX_SECONDS)?;
        if seconds < 0.001 {
            self.error(key, "must be more than 0, at least a millisecond: 0.001");
            return None;
        }
        Some(Duration::from_secs_f64(seconds))
    }

    /// Seconds, or none.
    pub fn seconds(&self, key: &str) -> Option<f64> {
        self.number(key, 0.0..=MAX_SECONDS)
    }

    /// A list, with each entry's place.
    pub fn list(&self, key: &str) -> Option<&'a [Value]> {
        match self.value(key)? {
            Value::Array(items) => Some(items),
            other => {
                self.error(key, format!("must be a list, not {}", kind(other)));
                None
            }
        }
    }

    /// A list of numbers of seconds.
    pub fn list_of_seconds(&self, key: &str) -> Option<Vec<f64>> {
        let path = self.path.key(key);
        let items = self.list(key)?;
        if items.is_empty() {
            self.error(key, "must hold at least one number of seconds");
        }
        let number = |(index, item): (usize, &Value)| {
            let path = path.index(index);
            let number = scalar(self.reading, &path, item, "a number of seconds", Value::as_f64, decimal)?;
            within(self.reading, &path, number, &(0.0..=MAX_SECONDS))
        };
        Some(items.iter().enumerate().filter_map(number).collect())
    }

    fn scalar<T>(
        &self,
        key: &str,
        wanted: &str,
        direct: impl Fn(&Value) -> Option<T>,
        parsed: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        scalar(self.reading, &self.path.key(key), self.value(key)?, wanted, direct, parsed)
    }

    fn within<T: PartialOrd + Display>(&self, key: &str, number: T, range: &RangeInclusive<T>) -> Option<T> {
        within(self.reading, &self.path.key(key), number, range)
    }
}

/// A text at `path`, with its variables replaced.
pub(crate) fn text(reading: &Reading<'_>, path: &Path<'_>, value: &Value) -> Option<Text> {
    match value {
        Value::String(written) => Some(reading.text(path, written)),
        Value::Bool(_) | Value::Number(_) => {
            let written = reading.written(path).map_or_else(|| value.to_string(), str::to_owned);
            reading.error(path, format!("must be text; put it in quotes: \"{written}\""));
            None
        }
        Value::Null | Value::Array(_) | Value::Object(_) => {
            reading.error(path, format!("must be text, not {}", kind(value)));
            None
        }
    }
}

/// A number or truth value, or a text whose variables stand for one. The message names the variables, never what
/// they hold.
fn scalar<T>(
    reading: &Reading<'_>,
    path: &Path<'_>,
    value: &Value,
    wanted: &str,
    direct: impl Fn(&Value) -> Option<T>,
    parsed: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    let Value::String(written) = value else {
        return direct(value).or_else(|| {
            let not = if value.is_number() { String::new() } else { format!(", not {}", kind(value)) };
            reading.error(path, format!("must be {wanted}{not}"));
            None
        });
    };
    if !super::variables::has_variables(written) {
        let hint = if parsed(written).is_some() { "; remove the quotes" } else { "" };
        reading.error(path, format!("must be {wanted}, not text{hint}"));
        return None;
    }
    let text = reading.text(path, written);
    if !text.known {
        return None;
    }
    parsed(&text.value).or_else(|| {
        let names = super::variables::names(written);
        reading.error(path, format!("must be {wanted}, and what {names} stands for is not"));
        None
    })
}

fn within<T: PartialOrd + Display>(
    reading: &Reading<'_>,
    path: &Path<'_>,
    number: T,
    range: &RangeInclusive<T>,
) -> Option<T> {
    if range.contains(&number) {
        return Some(number);
    }
    reading.error(path, format!("must be from {} to {}", range.start(), range.end()));
    None
}

fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_u64().map(|_| i64::MAX))
}

fn decimal(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

/// What a value is, for people.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}
