//! Task templates for the drills, as JSON: every one of it is YAML.

use serde_json::{Value, json};

/// A template of these steps.
pub fn template(name: &str, steps: &[Value]) -> Value {
    json!({ "name": name, "step_templates": steps })
}

/// A step of the drill's: it works a little, and writes down what it found of the steps it depends on.
pub fn work(name: &str, after: &[&str], milliseconds: u64) -> Value {
    json!({
        "name": name, "handler_class": "Work", "depends_on_steps": after,
        "handler_config": { "milliseconds": milliseconds, "reads": after },
    })
}

/// The same, failing its first `fails` attempts of `limit`.
pub fn failing(name: &str, after: &[&str], fails: u64, limit: u64) -> Value {
    with(
        work(name, after, 2),
        &json!({
            "default_retry_limit": limit, "backoff": { "default_backoff_seconds": [0.05] },
            "handler_config": { "milliseconds": 2, "reads": after, "fails": fails },
        }),
    )
}

/// The same, but it must not run twice.
pub fn once(name: &str, after: &[&str], milliseconds: u64) -> Value {
    with(work(name, after, milliseconds), &json!({ "default_retryable": false }))
}

/// Takes its process with it for the first `aborts` calls.
pub fn aborting(name: &str, after: &[&str], aborts: u64) -> Value {
    with(
        work(name, after, 0),
        &json!({
            "handler_class": "Abort", "handler_config": { "aborts": aborts },
        }),
    )
}

fn sleeping(name: &str, after: &[&str], seconds: f64) -> Value {
    json!({
        "name": name, "handler_class": "tasker.sleep", "depends_on_steps": after,
        "handler_config": { "seconds": seconds },
    })
}

fn with(mut step: Value, more: &Value) -> Value {
    for (key, value) in more.as_object().expect("an object") {
        step[key] = value.clone();
    }
    step
}

/// Everything that behaves differently when its node dies.
pub fn mixed() -> Vec<Value> {
    let mut fan = vec![work("a", &[], 2)];
    let middle: Vec<String> = (0..12).map(|no| format!("m{no}")).collect();
    fan.extend(middle.iter().map(|name| work(name, &["a"], 5)));
    fan.push(work("z", &middle.iter().map(String::as_str).collect::<Vec<_>>(), 2));
    vec![
        template(
            "linear",
            &[work("a", &[], 5), work("b", &["a"], 5), work("c", &["b"], 5), work("d", &["c"], 5)],
        ),
        template(
            "diamond",
            &[
                work("a", &[], 5),
                work("b", &["a"], 5),
                work("c", &["a"], 20),
                work("d", &["a"], 1),
                work("e", &["b", "c", "d"], 5),
            ],
        ),
        template("fan", &fan),
        template("retrying", &[failing("a", &[], 2, 4), work("b", &["a"], 5)]),
        template("hopeless", &[failing("a", &[], 99, 2), work("b", &["a"], 5)]),
        template("once", &[work("a", &[], 5), once("b", &["a"], 20), work("c", &["b"], 5)]),
        template("sleeping", &[work("a", &[], 5), sleeping("b", &["a"], 0.4), work("c", &["b"], 5)]),
    ]
}
