//! From the language's values to JSON.

use minijinja::{Error, ErrorKind, Value as Given, value::ValueKind};
use serde_json::{Map, Number, Value};

use super::scope::{Held, Node};

/// Lists and mappings within each other.
const DEPTH: usize = 100;

/// The value as JSON of at most so many bytes, about. What is not there is an error, however deep.
pub(super) fn json_of(given: &Given, most: usize) -> Result<Value, Error> {
    let mut left = most;
    json(given, &mut left, 0)
}

/// As text: what is true is `true`, as in JSON.
pub(super) fn text_of(given: &Given) -> String {
    match given.kind() {
        ValueKind::Bool => given.is_true().to_string(),
        _ => given.to_string(),
    }
}

fn json(given: &Given, left: &mut usize, depth: usize) -> Result<Value, Error> {
    if depth > DEPTH {
        return Err(wrong(format!("it is nested more than {DEPTH} levels deep")));
    }
    if let Some(node) = given.downcast_object_ref::<Node>() {
        take(left, size(node.json()))?;
        return Ok(node.json().clone());
    }
    if let Some(held) = given.downcast_object_ref::<Held>() {
        take(left, held.0.len())?;
        return Ok(Value::String(held.0.to_string()));
    }
    take(left, 8)?;
    match given.kind() {
        ValueKind::Undefined => Err(Error::new(ErrorKind::UndefinedError, "nothing is there")),
        ValueKind::None => Ok(Value::Null),
        ValueKind::Bool => Ok(Value::Bool(given.is_true())),
        ValueKind::Number => number(given),
        ValueKind::String => {
            let text = given.as_str().unwrap_or_default();
            take(left, text.len())?;
            Ok(Value::String(text.to_owned()))
        }
        ValueKind::Seq | ValueKind::Iterable => given
            .try_iter()?
            .map(|item| json(&item, left, depth + 1))
            .collect::<Result<_, _>>()
            .map(Value::Array),
        ValueKind::Map => {
            let mut entries = Map::new();
            for key in given.try_iter()? {
                let name = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
                take(left, name.len())?;
                entries.insert(name, json(&given.get_item(&key)?, left, depth + 1)?);
            }
            Ok(Value::Object(entries))
        }
        kind => Err(wrong(format!("it gives {kind}, which is no JSON"))),
    }
}

fn number(given: &Given) -> Result<Value, Error> {
    if let Some(whole) = given.as_i64().filter(|_| given.is_integer()) {
        return Ok(whole.into());
    }
    if let Some(whole) = u64::try_from(given.clone()).ok().filter(|_| given.is_integer()) {
        return Ok(whole.into());
    }
    let decimal = f64::try_from(given.clone()).ok().and_then(Number::from_f64);
    decimal.map(Value::Number).ok_or_else(|| wrong("it gives a number that JSON can't say".to_owned()))
}

fn take(left: &mut usize, bytes: usize) -> Result<(), Error> {
    *left = left.checked_sub(bytes).ok_or_else(|| wrong("it gives too large a value".to_owned()))?;
    Ok(())
}

/// About what it has as text.
fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(|item| size(item) + 1).sum::<usize>() + 2,
        Value::Object(entries) => {
            entries.iter().map(|(key, item)| key.len() + size(item) + 4).sum::<usize>() + 2
        }
    }
}

fn wrong(why: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, why)
}
