//! A payload as a log may show it.

use serde_json::Value;

/// What stands in the place of a value.
const MASKED: &str = "[masked]";

/// The value, with what is under a sensitive key replaced, however deep: keys that contain one of `fragments`, which
/// are in lower case.
pub(super) fn masked(value: &Value, fragments: &[String]) -> Value {
    match value {
        Value::Object(entries) => {
            let entry = |(key, inner): (&String, &Value)| {
                let inner =
                    if is_sensitive(key, fragments) { MASKED.into() } else { masked(inner, fragments) };
                (key.clone(), inner)
            };
            entries.iter().map(entry).collect()
        }
        Value::Array(items) => items.iter().map(|item| masked(item, fragments)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn is_sensitive(key: &str, fragments: &[String]) -> bool {
    let key = key.to_lowercase();
    fragments.iter().any(|fragment| key.contains(fragment.as_str()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::subscribers::SENSITIVE_KEYS;

    #[test]
    fn what_is_under_a_sensitive_key_is_masked_however_deep() {
        let fragments = SENSITIVE_KEYS.map(str::to_owned);
        let payload = json!({
            "order_id": 5, "Password": "x", "card": { "api_key": ["a"], "holder": "Ada" },
            "list": [{ "customerEmail": "a@b.c" }, { "note": "token" }]
        });
        let expected = json!({
            "order_id": 5, "Password": "[masked]", "card": { "api_key": "[masked]", "holder": "Ada" },
            "list": [{ "customerEmail": "[masked]" }, { "note": "token" }]
        });
        assert_eq!(masked(&payload, &fragments), expected);
    }
}
