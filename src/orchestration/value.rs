//! JSON from outside, checked where it comes in: what no database could store is refused here, in words.

use serde_json::Value;

/// Deeper values could be written but not read back.
const MAX_DEPTH: usize = 100;

/// Checks `value` and gives its text, or says what is wrong with it.
pub(super) fn checked(what: &str, value: &Value, max_bytes: usize) -> Result<String, String> {
    inspect(what, value, 0)?;
    let text = value.to_string();
    if text.len() > max_bytes {
        return Err(format!("{what} has {} bytes, and at most {max_bytes} are stored", text.len()));
    }
    Ok(text)
}

/// Refuses text that PostgreSQL can't store.
pub(super) fn checked_text(what: &str, text: &str, max_chars: usize) -> Result<(), String> {
    if text.contains('\0') {
        return Err(format!("{what} contains the character U+0000, which can't be stored"));
    }
    if text.chars().count() > max_chars {
        return Err(format!("{what} has more than {max_chars} characters"));
    }
    Ok(())
}

fn inspect(what: &str, value: &Value, depth: usize) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err(format!("{what} is nested more than {MAX_DEPTH} levels deep"));
    }
    let nul = |text: &str| {
        if text.contains('\0') {
            Err(format!("{what} contains the character U+0000, which can't be stored"))
        } else {
            Ok(())
        }
    };
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
        Value::String(text) => nul(text),
        Value::Array(items) => items.iter().try_for_each(|item| inspect(what, item, depth + 1)),
        Value::Object(entries) => entries.iter().try_for_each(|(key, item)| {
            nul(key)?;
            inspect(what, item, depth + 1)
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_no_database_stores_is_refused_in_words() {
        assert!(checked("results", &json!({"a": [1, "b"]}), 100).is_ok());
        assert!(checked("results", &json!({"a\u{0}": 1}), 100).unwrap_err().contains("U+0000"));
        assert!(checked("results", &json!("x".repeat(200)), 100).unwrap_err().contains("bytes"));
        let deep = (0..150).fold(json!(1), |inner, _| json!([inner]));
        assert!(checked("results", &deep, 10_000).unwrap_err().contains("nested"));
    }
}
