//! What variables hold, so that it can be taken out of everything that is kept or shown.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::url::COMPONENT;

/// In the place of what is hidden.
const HIDDEN: &str = "[FILTERED]";

/// A shorter value is a word like any other (`eu`, `8080`): hiding it would spoil answers and hide nothing.
const SHORTEST: usize = 6;

/// Values that nobody may see, in every form that an answer may repeat them in.
#[derive(Clone, Default)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// One more.
    pub fn add(&mut self, value: &str) {
        let value = value.trim();
        if value.len() < SHORTEST {
            return;
        }
        let json = Value::from(value).to_string();
        let encoded = utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
        let form: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
        let forms = [
            value.to_owned(),
            json[1..json.len() - 1].to_owned(),
            utf8_percent_encode(value, COMPONENT).to_string(),
            encoded,
            form,
            STANDARD_NO_PAD.encode(value),
        ];
        for form in forms {
            if !self.0.contains(&form) {
                self.0.push(form);
            }
        }
        // The longest first: one may be a part of another.
        self.0.sort_by_key(|form| std::cmp::Reverse(form.len()));
    }

    /// Whether any of them is in it.
    pub fn are_in(&self, bytes: &[u8]) -> bool {
        let text = String::from_utf8_lossy(bytes);
        self.0.iter().any(|form| text.contains(form.as_str()))
    }

    /// The text without them.
    pub fn hidden<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut hidden = Cow::Borrowed(text);
        for form in &self.0 {
            if hidden.contains(form.as_str()) {
                hidden = Cow::Owned(hidden.replace(form.as_str(), HIDDEN));
            }
        }
        hidden
    }

    /// The same, in every text and key of a value.
    pub fn hide(&self, value: &mut Value) {
        if self.0.is_empty() {
            return;
        }
        match value {
            Value::Null | Value::Bool(_) => {}
            // An account or a pin is a secret as well when it is written without quotes.
            Value::Number(number) => {
                let text = number.to_string();
                if self.0.contains(&text) {
                    *value = HIDDEN.into();
                }
            }
            Value::String(text) => {
                if let Cow::Owned(hidden) = self.hidden(text) {
                    *text = hidden;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.hide(item)),
            Value::Object(entries) => {
                if entries.keys().any(|key| matches!(self.hidden(key), Cow::Owned(_))) {
                    let taken = std::mem::take(entries);
                    *entries =
                        taken.into_iter().map(|(key, item)| (self.hidden(&key).into_owned(), item)).collect();
                }
                entries.values_mut().for_each(|item| self.hide(item));
            }
        }
    }
}

/// Never what they are.
impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(…)")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_is_hidden_in_every_form_and_place() {
        let mut secrets = Secrets::default();
        secrets.add("s3cr3t \"/+1");
        secrets.add("eu");
        let mut echo = json!({
            "raw": "x s3cr3t \"/+1 y", "path": "/a/s3cr3t%20%22%2F%2B1", "query": "q=s3cr3t+%22%2F%2B1&b",
            "inner": "{\"a\":\"s3cr3t \\\"/+1\"}", "basic": "czNjcjN0ICIvKzE=", "s3cr3t \"/+1": ["s3cr3t \"/+1"],
            "region": "eu neutral",
        });
        secrets.hide(&mut echo);
        assert!(!echo.to_string().contains("s3cr3t") && !echo.to_string().contains("czNj"), "{echo}");
        assert_eq!(echo["raw"], "x [FILTERED] y");
        assert_eq!(echo["region"], "eu neutral", "a short word is no secret");
    }

    #[test]
    fn one_that_is_part_of_another_leaves_nothing_behind() {
        let mut secrets = Secrets::default();
        secrets.add("abcdef");
        secrets.add("abcdefgh");
        assert_eq!(secrets.hidden("abcdefgh abcdef"), "[FILTERED] [FILTERED]");
        assert!(secrets.are_in(b"xabcdefx") && !secrets.are_in(b"abc"));
        let mut number = json!([123456, 12345]);
        secrets.add("123456");
        secrets.hide(&mut number);
        assert_eq!(number, json!(["[FILTERED]", 12345]));
    }
}
