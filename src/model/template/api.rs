//! The shape of a declarative HTTP call: `handler_config` with `type: api`.
//!
//! Only the shape. Its texts are expressions that the HTTP handler reads, and hold variables that are replaced
//! when the request is made; so a number may also be written as `"${TIMEOUT:-15}"`.

use serde_json::Value;

use super::{
    path::Path,
    reading::{Purpose, Reading},
    section::{Section, kind},
    variables,
};

const KEYS: &[&str] = &[
    "type",
    "url",
    "method",
    "headers",
    "params",
    "body",
    "timeout",
    "retries",
    "expect",
    "results",
    "max_response_bytes",
    "allow_private_networks",
];

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// Checks the call and answers with its `retries`.
pub(super) fn read(reading: &Reading<'_>, path: &Path<'_>, config: &Value) -> Option<i64> {
    let call = Section::open(reading, path, config, KEYS)?;
    match reading.purpose() {
        Purpose::Load(_) | Purpose::Inspect => check(&call),
        Purpose::Resume(_) => {}
    }
    call.integer("retries", 1..=i64::from(i32::MAX))
}

fn check(call: &Section<'_>) {
    match call.value("url") {
        None => call.reading.error(call.path, "an api call needs a url"),
        Some(Value::String(url)) if url.trim().is_empty() => call.error("url", "must not be empty"),
        Some(Value::String(_)) => {}
        Some(other) => call.error("url", format!("must be text, not {}", kind(other))),
    }
    check_method(call);
    for key in ["headers", "params"] {
        match call.value(key) {
            None | Some(Value::Object(_)) => {}
            Some(other) => call.error(key, format!("must be a mapping, not {}", kind(other))),
        }
    }
    let _ = call.timeout("timeout");
    let _ = call.integer("max_response_bytes", 1..=1 << 40);
    let _ = call.boolean("allow_private_networks");
    check_expect(call);
    check_results(call);
}

fn check_method(call: &Section<'_>) {
    match call.value("method") {
        None => {}
        Some(Value::String(method)) if variables::has_variables(method) => {}
        Some(Value::String(method)) if METHODS.contains(&method.to_ascii_uppercase().as_str()) => {}
        Some(_) => call.error("method", format!("must be one of {}", METHODS.join(", "))),
    }
}

/// One status or a list of them.
fn check_expect(call: &Section<'_>) {
    let is_status = |status: &Value| match status {
        Value::String(text) => variables::has_variables(text),
        other => other.as_u64().is_some_and(|status| (100..=599).contains(&status)),
    };
    let fits = match call.value("expect") {
        None => true,
        Some(Value::Array(all)) => all.iter().all(is_status),
        Some(one) => is_status(one),
    };
    if !fits {
        call.error("expect", "must be a list of HTTP statuses from 100 to 599");
    }
}

/// A mapping from a result's name to its JSON pointer, or a list of pointers.
fn check_results(call: &Section<'_>) {
    let is_pointer =
        |pointer: &Value| pointer.as_str().is_some_and(|text| text.is_empty() || text.starts_with('/'));
    let fits = match call.value("results") {
        None => true,
        Some(Value::Object(map)) => map.values().all(is_pointer),
        Some(Value::Array(all)) => all.iter().all(is_pointer),
        Some(one) => is_pointer(one),
    };
    if !fits {
        call.error("results", "must name JSON pointers, such as {total: /order/total}");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::template::marks::Mark;

    fn problems(config: &Value) -> String {
        let marks = Mark::default();
        let reading = Reading::new("t.yaml", &marks, Purpose::Inspect);
        read(&reading, &Path::Root, config);
        reading.into_problems().iter().map(|problem| format!("{problem}\n")).collect()
    }

    #[test]
    fn a_whole_call_fits() {
        let call = json!({
            "type": "api", "url": "https://{{ context.host }}/x", "method": "post", "headers": {"X-Id": "{{ context.id }}"},
            "params": {"page": 1}, "body": {"order": "{{ context.order }}"}, "timeout": "${TIMEOUT:-15}", "retries": 3,
            "expect": [200, 404], "results": {"total": "/order/total"}, "max_response_bytes": 65536,
            "allow_private_networks": true,
        });
        assert_eq!(problems(&call), "");
    }

    #[test]
    fn every_key_is_looked_at() {
        let call = json!({
            "type": "api", "url": 5, "method": "FETCH", "headers": [], "params": "a=b", "timeout": 0, "retries": 0,
            "expect": [200, 1], "results": {"total": "order/total"}, "max_response_bytes": -1, "allow_private_networks": "yes",
            "heders": {},
        });
        insta::assert_snapshot!(problems(&call), @r"
        t.yaml: heders: unknown key; did you mean headers?
        t.yaml: url: must be text, not a number
        t.yaml: method: must be one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS
        t.yaml: headers: must be a mapping, not a list
        t.yaml: params: must be a mapping, not text
        t.yaml: timeout: must be more than 0, at least a millisecond: 0.001
        t.yaml: max_response_bytes: must be from 1 to 1099511627776
        t.yaml: allow_private_networks: must be true or false, not text
        t.yaml: expect: must be a list of HTTP statuses from 100 to 599
        t.yaml: results: must name JSON pointers, such as {total: /order/total}
        t.yaml: retries: must be from 1 to 2147483647
        ");
        insta::assert_snapshot!(problems(&json!({"type": "api"})), @"t.yaml: an api call needs a url");
        insta::assert_snapshot!(problems(&json!({"type": "api", "url": " ", "timeout": "15"})), @r"
        t.yaml: url: must not be empty
        t.yaml: timeout: must be a number, not text; remove the quotes
        ");
    }
}
