//! The one way to write a JSON value: sorted keys, no whitespace. What digests are made from.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::Digest;

/// SHA-256 of the value's canonical text, in hexadecimal.
pub fn digest(value: &Value) -> Digest {
    hex::encode(Sha256::digest(canonical_json(value).as_bytes())).into()
}

/// Equal values have equal texts, also after a database has rewritten their numbers: `2.0` is `2`.
pub fn canonical_json(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                separate(index, text);
                write(item, text);
            }
            text.push(']');
        }
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            text.push('{');
            for (index, (key, item)) in entries.into_iter().enumerate() {
                separate(index, text);
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                write(item, text);
            }
            text.push('}');
        }
        Value::Number(number) => text.push_str(&whole(number).unwrap_or_else(|| number.to_string())),
        Value::Null | Value::Bool(_) | Value::String(_) => text.push_str(&value.to_string()),
    }
}

fn separate(index: usize, text: &mut String) {
    if index > 0 {
        text.push(',');
    }
}

/// A whole number that is held as a decimal one, as far as a JSON reader takes it for a whole number again.
fn whole(number: &serde_json::Number) -> Option<String> {
    const LIMIT: f64 = 18_446_744_073_709_551_616.0;
    let decimal = number.as_f64().filter(|decimal| number.is_f64() && decimal.fract() == 0.0)?;
    (decimal.abs() < LIMIT).then(|| format!("{}", decimal + 0.0))
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn there_is_one_text_for_a_value() {
        let value = json!({"b": [1, 2.0, 0.5, -0.0, 1e19], "a": {"ü\n": null, "": true}});
        insta::assert_snapshot!(canonical_json(&value), @r#"{"a":{"":true,"ü\n":null},"b":[1,2,0.5,0,10000000000000000000]}"#);
    }

    pub fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Value::from),
            "\\PC{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec(("[a-d]{1,2}", inner), 0..5)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn reading_the_text_back_gives_the_same_digest(value in any_json()) {
            let text = canonical_json(&value);
            let again: Value = serde_json::from_str(&text).expect("JSON");
            prop_assert_eq!(canonical_json(&again), text);
        }

        #[test]
        fn the_order_of_keys_does_not_matter(entries in prop::collection::btree_map("[a-z]{1,5}", 0..9, 0..8)) {
            let forward: String = entries.iter().map(|(key, item)| format!("{key:?}:{item},")).collect();
            let backward: String = entries.iter().rev().map(|(key, item)| format!("{key:?}: {item},")).collect();
            let read = |text: &str| -> Value {
                serde_json::from_str(&format!("{{{}}}", text.trim_end_matches(','))).expect("JSON")
            };
            prop_assert_eq!(digest(&read(&forward)), digest(&read(&backward)));
        }
    }
}
