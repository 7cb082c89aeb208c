//! Moments and JSON, as callers write and read them.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::Datelike;

use crate::model::time::Timestamp;

/// A moment, as RFC 3339 writes it. Answers are in UTC with microseconds, as in `2026-11-23T09:30:00.000000Z`; in
/// requests any offset is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateTime(pub Timestamp);

/// A moment, as RFC 3339 writes it. Answers are in UTC with microseconds, as in `2026-11-23T09:30:00.000000Z`; in
/// requests any offset is understood.
#[Scalar(specified_by_url = "https://datatracker.ietf.org/doc/html/rfc3339")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else { return Err(InputValueError::expected_type(value)) };
        let moment = chrono::DateTime::parse_from_rfc3339(text)
            .map_err(|_| {
                InputValueError::custom("write a moment as RFC 3339 does, as in 2026-11-23T09:30:00Z")
            })?
            .to_utc();
        if !(1..=9999).contains(&moment.year()) {
            return Err(InputValueError::custom("a moment is in one of the years 1 to 9999"));
        }
        Ok(Self(moment.into()))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_rfc3339())
    }
}

/// Any JSON value.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Json(pub serde_json::Value);

/// Any JSON value: an object, a list, a text, a number, a truth value or null.
#[Scalar(name = "JSON", specified_by_url = "https://datatracker.ietf.org/doc/html/rfc8259")]
impl ScalarType for Json {
    fn parse(value: Value) -> InputValueResult<Self> {
        value.into_json().map(Self).map_err(InputValueError::custom)
    }

    fn to_value(&self) -> Value {
        Value::from_json(self.0.clone()).unwrap_or_default()
    }
}
