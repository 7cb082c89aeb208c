//! Trees of YAML values, addressed by dotted keys.

use serde_yaml::{Mapping, Value};

/// The value at a key, if there is one.
pub fn find<'a>(tree: &'a Value, key: &str) -> Option<&'a Value> {
    key.split('.').try_fold(tree, |node, name| node.as_mapping()?.get(name))
}

/// A tree with one value in it.
pub fn nest(key: &str, value: Value) -> Value {
    key.rsplit('.').fold(value, |inner, name| {
        let mut mapping = Mapping::new();
        mapping.insert(name.into(), inner);
        mapping.into()
    })
}

/// Lays one tree over another. Sections are merged; anything else, lists too, is replaced.
pub fn merge(base: &mut Value, over: &Value) {
    match (base, over) {
        (Value::Mapping(base), Value::Mapping(over)) => {
            for (name, value) in over {
                match base.get_mut(name) {
                    Some(below) => merge(below, value),
                    None => _ = base.insert(name.clone(), value.clone()),
                }
            }
        }
        (base, over) => *base = over.clone(),
    }
}

/// Puts a value in the place of another.
pub fn put(tree: &mut Value, key: &str, value: Value) {
    let place = key.split('.').try_fold(tree, |node, name| node.as_mapping_mut()?.get_mut(name));
    if let Some(place) = place {
        *place = value;
    }
}

/// The key of the setting that a longer path such as `server.allowed_hosts[0]` lies in, and its default.
///
/// A setting is whatever has no keys of its own among the defaults.
pub fn setting<'a>(defaults: &'a Value, path: &str) -> (String, &'a Value) {
    let mut node = defaults;
    let mut key = String::new();
    for name in path.split(['.', '[']) {
        let Some(inner) = section(node).and_then(|section| section.get(name)) else { break };
        node = inner;
        key = join(&key, name);
    }
    (key, node)
}

/// The keys of a section; `None` for a setting.
pub fn section(node: &Value) -> Option<&Mapping> {
    node.as_mapping().filter(|mapping| !mapping.is_empty())
}

/// Every setting among the defaults, by its key.
pub fn settings(defaults: &Value) -> Vec<String> {
    let mut keys = Vec::new();
    collect(defaults, "", &mut keys);
    keys
}

fn collect(node: &Value, key: &str, keys: &mut Vec<String>) {
    match section(node) {
        Some(section) => {
            section.iter().for_each(|(name, inner)| collect(inner, &join(key, &text(name)), keys))
        }
        None => keys.push(key.to_owned()),
    }
}

/// A key one level down.
pub fn join(key: &str, name: &str) -> String {
    if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") }
}

/// A scalar as it is written; what it is, for anything else.
pub fn text(value: &Value) -> String {
    scalar(value).unwrap_or_else(|| kind(value).to_owned())
}

/// A scalar as it is written.
pub fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(value) => Some(value.to_string()),
        Value::String(value) => Some(value.clone()),
        Value::Null | Value::Sequence(_) | Value::Mapping(_) | Value::Tagged(_) => None,
    }
}

/// What a value is, in words.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "an empty value",
        Value::Bool(_) | Value::Number(_) | Value::String(_) => "a single value",
        Value::Sequence(_) => "a list",
        Value::Mapping(_) => "a section",
        Value::Tagged(_) => "a tagged value",
    }
}
