//! What an answer means, and what is in it.

use serde_json::Value;

/// What becomes of the attempt by the answer's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// It is what was wanted.
    Accepted,
    /// Asking again may help.
    Again,
    /// Asking again is useless.
    Refused,
}

/// What `status` means where these are expected; 2xx where none are named.
pub fn meaning(status: u16, expect: &[u16]) -> Meaning {
    let accepted = if expect.is_empty() { (200..300).contains(&status) } else { expect.contains(&status) };
    match status {
        _ if accepted => Meaning::Accepted,
        408 | 425 | 429 | 500..=599 => Meaning::Again,
        _ => Meaning::Refused,
    }
}

/// The body as a value: JSON where it says that it is, text where it is text, nothing where it is neither or empty.
pub fn body(content_type: Option<&str>, bytes: &[u8]) -> Result<Value, String> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let kind =
        content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind == "application/json" || kind == "text/json" || kind.ends_with("+json") {
        return serde_json::from_slice(bytes).map_err(|error| {
            format!(
                "the answer says that it is JSON, and it is not: line {}, column {}",
                error.line(),
                error.column()
            )
        });
    }
    let text = std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\0'));
    match text {
        // Some servers do not say what they send.
        Some(text) if kind.is_empty() => Ok(serde_json::from_str(text).unwrap_or_else(|_| text.into())),
        Some(text) => Ok(text.into()),
        None => Ok(Value::Null),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_status_means_what_it_says_unless_others_are_expected() {
        for (status, expect, wanted) in [
            (200, &[][..], Meaning::Accepted),
            (204, &[], Meaning::Accepted),
            (304, &[], Meaning::Refused),
            (400, &[], Meaning::Refused),
            (408, &[], Meaning::Again),
            (425, &[], Meaning::Again),
            (429, &[], Meaning::Again),
            (500, &[], Meaning::Again),
            (599, &[], Meaning::Again),
            (404, &[200, 404], Meaning::Accepted),
            (201, &[200, 404], Meaning::Refused),
            (503, &[503], Meaning::Accepted),
        ] {
            assert_eq!(meaning(status, expect), wanted, "{status} of {expect:?}");
        }
    }

    #[test]
    fn a_body_is_json_text_or_nothing() {
        assert_eq!(body(Some("application/problem+json; charset=utf-8"), b"{\"a\":1}"), Ok(json!({"a": 1})));
        assert_eq!(body(Some("text/plain"), b"{\"a\":1}"), Ok(json!("{\"a\":1}")));
        assert_eq!(body(None, b"[1]"), Ok(json!([1])));
        assert_eq!(body(None, b"hello"), Ok(json!("hello")));
        assert_eq!(body(Some("application/json"), b""), Ok(Value::Null));
        assert_eq!(body(Some("image/png"), b"\x89PNG\x00"), Ok(Value::Null));
        assert!(body(Some("application/json"), b"{\"a\":").unwrap_err().contains("line 1"));
    }
}
