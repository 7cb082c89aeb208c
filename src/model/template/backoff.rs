//! `backoff: {…}` of a template or step. What a step does not say its template says; what neither says is the default.

use serde_json::Value;

use super::{Backoff, path::Path, reading::Reading, section::Section};

const KEYS: &[&str] = &[
    "default_backoff_seconds",
    "backoff_multiplier",
    "max_backoff_seconds",
    "jitter_max_percentage",
    "max_server_backoff_seconds",
];

/// Growth by more than this overflows before it means anything.
const MAX_MULTIPLIER: f64 = 1000.0;

/// What `value` says, and `beneath` for the rest.
pub(super) fn read(reading: &Reading<'_>, path: &Path<'_>, value: &Value, beneath: &Backoff) -> Backoff {
    let Some(section) = Section::open(reading, path, value, KEYS) else { return beneath.clone() };
    Backoff {
        seconds: section
            .list_of_seconds("default_backoff_seconds")
            .unwrap_or_else(|| beneath.seconds.clone()),
        multiplier: section.number("backoff_multiplier", 1.0..=MAX_MULTIPLIER).unwrap_or(beneath.multiplier),
        max_seconds: section.seconds("max_backoff_seconds").unwrap_or(beneath.max_seconds),
        max_server_seconds: section
            .seconds("max_server_backoff_seconds")
            .unwrap_or(beneath.max_server_seconds),
        jitter: section.number("jitter_max_percentage", 0.0..=1.0).unwrap_or(beneath.jitter),
    }
}
