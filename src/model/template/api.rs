//! The shape of a declarative HTTP call: `handler_config` with `type: api`.
//!
//! The shape, and that its texts can be read; what they come to is known when the request is made
//! ([`crate::model::call`]). Variables are replaced then too, so a number may also be written as `"${TIMEOUT:-15}"`.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::{
    StepTemplate,
    path::Path,
    reading::{Purpose, Reading},
    section::{Section, kind},
    variables,
};
use crate::model::{
    call::{self, Keep, METHODS},
    dag::Dag,
    id::StepNo,
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

/// The keys that are texts, with whatever is within them.
const TEXTS: [&str; 4] = ["url", "headers", "params", "body"];

/// Checks the call and answers with its `retries`.
pub(super) fn read(reading: &Reading<'_>, path: &Path<'_>, config: &Value) -> Option<i64> {
    let call = Section::open(reading, path, config, KEYS)?;
    match reading.purpose() {
        Purpose::Load(_) | Purpose::Inspect => check_call(&call),
        Purpose::Resume(_) => {}
    }
    call.integer("retries", 1..=i64::from(i32::MAX))
}

fn check_call(call: &Section<'_>) {
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
    check_headers(call);
    for key in TEXTS {
        if let Some(value) = call.value(key) {
            check_texts(call.reading, &call.path.key(key), value);
        }
    }
    let _ = call.timeout("timeout");
    let _ = call.integer("max_response_bytes", 1..=1 << 40);
    let _ = call.boolean("allow_private_networks");
    check_expect(call);
    check_results(call);
}

/// Names of headers are not looked at as texts, and there is one of each.
fn check_headers(call: &Section<'_>) {
    let Some(Value::Object(headers)) = call.value("headers") else { return };
    let path = call.path.key("headers");
    let mut seen = HashSet::new();
    for name in headers.keys() {
        if let Err(why) = call::check_header(name) {
            call.reading.error(&path.key(name), why);
        } else if !seen.insert(name.to_ascii_lowercase()) {
            call.reading.error(&path.key(name), "is there twice: names of headers have no case");
        }
    }
}

fn check_texts(reading: &Reading<'_>, path: &Path<'_>, value: &Value) {
    each_text(path, value, &mut |path, text| {
        if let Err(why) = call::check(text) {
            reading.error(path, why);
        }
    });
}

/// Every text of a value, with its place.
fn each_text(path: &Path<'_>, value: &Value, found: &mut dyn FnMut(&Path<'_>, &str)) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
        Value::String(text) => found(path, text),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| each_text(&path.index(index), item, found))
        }
        Value::Object(entries) => {
            entries.iter().for_each(|(key, item)| each_text(&path.key(key), item, found));
        }
    }
}

/// What a step refers to must be settled before it: an earlier step, directly or by way of others.
pub(super) fn check_references(reading: &Reading<'_>, steps: &Path<'_>, all: &[StepTemplate], dag: &Dag) {
    let places: HashMap<&str, StepNo> =
        (0..).map(StepNo).zip(all).map(|(no, step)| (step.name.as_str(), no)).collect();
    for (no, step) in (0..).map(StepNo).zip(all).filter(|(_, step)| step.is_api()) {
        let (path, mut before) = (steps.index(no.index()), None);
        let config = path.key("handler_config");
        for key in TEXTS {
            let Some(value) = step.handler_config.get(key) else { continue };
            each_text(&config.key(key), value, &mut |path, text| {
                for name in call::check(text).unwrap_or_default() {
                    let earlier = before.get_or_insert_with(|| ancestors(dag, no));
                    match places.get(name.as_str()) {
                        Some(place) if earlier.contains(place) => {}
                        Some(_) => reading.error(
                            path,
                            format!("refers to results.{name}, and this step does not run after {name:?}"),
                        ),
                        None => {
                            let suggestion = reading.suggestion(&name, places.keys().copied());
                            reading.error(
                                path,
                                format!("refers to results.{name}, and there is no such step{suggestion}"),
                            );
                        }
                    }
                }
            });
        }
    }
}

/// Every step that is settled before `no` starts.
fn ancestors(dag: &Dag, no: StepNo) -> HashSet<StepNo> {
    let mut found = HashSet::new();
    let mut open = dag.parents(no).to_vec();
    while let Some(next) = open.pop() {
        if found.insert(next) {
            open.extend(dag.parents(next));
        }
    }
    found
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
    if let Some(results) = call.value("results").filter(|results| !variables::any_variables(results))
        && let Err(why) = Keep::read(results)
    {
        call.error("results", why);
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

    #[test]
    fn texts_and_what_they_refer_to_are_looked_at_when_a_template_is_loaded() {
        let text = r#"
name: a
step_templates:
  - { name: first, handler_class: tasker.noop }
  - { name: aside, handler_class: tasker.noop }
  - name: second
    depends_on_step: first
    handler_config:
      type: api
      url: "https://a/{{ contxt.id }}"
      headers: { Host: x, X-A: 1, x-a: 2, "X B": 3 }
      params: { q: "{{ context.id | shout }}" }
      body: [ok, { a: "{{ context.id" }]
  - name: third
    depends_on_step: second
    handler_config:
      type: api
      url: "https://a/{{ results.first.id }}"
      body: ["{{ results.aside.id }}", "{{ results.secnd.id }}", "{{ results.third.id }}"]
"#;
        let told = |text: &str| {
            let files = [("a.yaml".to_owned(), text.to_owned())];
            let limits = crate::model::template::Limits::default();
            let (_, problems) = crate::model::template::Templates::read(&files, "test", &|_| None, limits);
            problems.iter().map(|problem| format!("{problem}\n")).collect::<String>()
        };
        insta::assert_snapshot!(told(text), @r#"
        a.yaml:10: step_templates[2].handler_config.url: there is no contxt here; there are context, inputs, results, step, task
        a.yaml:11: step_templates[2].handler_config.headers.Host: is set by the connection, and can't be given
        a.yaml:11: step_templates[2].handler_config.headers["X B"]: is no name of a header: it has letters, digits and `-`
        a.yaml:11: step_templates[2].handler_config.headers.x-a: is there twice: names of headers have no case
        a.yaml:12: step_templates[2].handler_config.params.q: there is no filter shout; there are abs, bool, default, d, first, float, int, items, join, last, length, count, list, lower, max, min, replace, reverse, round, sort, split, string, sum, tojson, trim, upper, urlencode
        a.yaml:13: step_templates[2].handler_config.body[1].a: an expression has no end: `}}` is missing
        a.yaml:19: step_templates[3].handler_config.body[0]: refers to results.aside, and this step does not run after "aside"
        a.yaml:19: step_templates[3].handler_config.body[1]: refers to results.secnd, and there is no such step; did you mean second?
        a.yaml:19: step_templates[3].handler_config.body[2]: refers to results.third, and this step does not run after "third"
        "#);
    }
}
