//! One entry of `step_templates`.

use std::{collections::HashSet, time::Duration};

use serde_json::{Map, Value};

use super::{
    Backoff, CustomEvent, StepTemplate, api, backoff,
    dependencies::{self, Names},
    names,
    path::Path,
    reading::{Purpose, Reading, Text},
    section::{Section, kind},
    variables,
};
use crate::model::id::StepNo;

const KEYS: &[&str] = &[
    "name",
    "handler_class",
    "description",
    "depends_on_step",
    "depends_on_steps",
    "default_retryable",
    "default_retry_limit",
    "skippable",
    "timeout_seconds",
    "backoff",
    "dependent_system",
    "handler_config",
    "custom_events",
];

/// Handlers that every Tasker has.
const BUILT_IN: [&str; 4] = ["tasker.noop", "tasker.sleep", "tasker.fail", "tasker.emit"];

/// What a step has of its template where it says nothing itself.
pub(super) struct Defaults {
    pub dependent_system: Option<String>,
    pub backoff: Backoff,
}

/// The step's name, if it has one. Read before all else, since other steps refer to it.
pub(super) fn name(reading: &Reading<'_>, path: &Path<'_>, value: &Value) -> Option<Text> {
    let value = value.as_object()?;
    let named = path.key("name");
    let Some(value) = value.get("name").filter(|name| !name.is_null()) else {
        reading.error(path, "needs a name");
        return None;
    };
    let name = super::section::text(reading, &named, value)?;
    if name.known
        && let Err(why) = names::printable(&name)
    {
        reading.error(&named, why);
    }
    reading.warn_of_shape(&named, &name);
    Some(name)
}

/// The step, as far as it can be read; whether it is usable, the reading's problems tell.
pub(super) fn read(
    reading: &Reading<'_>,
    path: &Path<'_>,
    value: &Value,
    place: StepNo,
    name: Option<&Text>,
    names: &Names,
    defaults: &Defaults,
) -> Option<StepTemplate> {
    let step = Section::open(reading, path, value, KEYS)?;
    let handler = handler(&step);
    let retryable = step.boolean("default_retryable").unwrap_or(true);
    Some(StepTemplate {
        name: name.map(|name| name.value.clone()).unwrap_or_default(),
        handler_class: handler.class,
        description: step.shown("description"),
        depends_on: dependencies::of_step(&step, place, names),
        retryable,
        retry_limit: retry_limit(&step, handler.retries, retryable),
        skippable: step.boolean("skippable").unwrap_or(false),
        timeout: step.timeout("timeout_seconds").unwrap_or(Duration::from_secs(300)),
        backoff: match step.value("backoff") {
            Some(value) => backoff::read(reading, &path.key("backoff"), value, &defaults.backoff),
            None => defaults.backoff.clone(),
        },
        dependent_system: step.shown("dependent_system").or_else(|| defaults.dependent_system.clone()),
        handler_config: handler.config,
        custom_events: custom_events(&step),
    })
}

struct Handler {
    class: String,
    config: Value,
    retries: Option<i64>,
}

fn handler(step: &Section<'_>) -> Handler {
    let class = step.text("handler_class");
    if let Some(class) = class.as_ref().filter(|class| class.known) {
        if let Err(why) = names::printable(class) {
            step.error("handler_class", why);
        } else if class.value.starts_with("tasker.") && !BUILT_IN.contains(&class.value.as_str()) {
            let hint = match step.reading.suggestion(&class.written, BUILT_IN) {
                none if none.is_empty() => format!("; there are {}", BUILT_IN.join(", ")),
                suggestion => suggestion,
            };
            step.error("handler_class", format!("there is no built-in handler {:?}{hint}", class.written));
        }
    }
    let path = step.path.key("handler_config");
    let config = match step.value("handler_config") {
        None => Value::Object(Map::new()),
        Some(config) if config.is_object() => config.clone(),
        Some(other) => {
            step.error("handler_config", format!("must be a mapping, not {}", kind(other)));
            Value::Object(Map::new())
        }
    };
    let typed = config.get("type").filter(|kind| !kind.is_null());
    if class.is_none() && typed.is_none() && !step.has("handler_class") {
        step.reading.error(step.path, "needs a handler_class, or a handler_config with a type");
    }
    let retries = match typed.and_then(|kind| super::section::text(step.reading, &path.key("type"), kind)) {
        Some(kind) if kind.known && kind.value != "api" => {
            step.reading.error(
                &path.key("type"),
                format!("there is no handler type {:?}; there is api", kind.written),
            );
            None
        }
        Some(kind) if kind.known => api::read(step.reading, &path, &config),
        Some(_) | None => None,
    };
    check_config(step.reading, &path, &config);
    Handler { class: class.map(|class| class.value).unwrap_or_default(), config, retries }
}

/// A configuration is resolved when it is used; that its variables are there is checked now.
fn check_config(reading: &Reading<'_>, path: &Path<'_>, config: &Value) {
    let report = &mut |path: &Path<'_>, fault: super::Fault| reading.error(path, fault.to_string());
    match reading.purpose() {
        Purpose::Load(vars) => drop(variables::resolve_all(path, config, vars, report)),
        Purpose::Inspect => drop(variables::resolve_all(path, config, &|_| Some(String::new()), report)),
        Purpose::Resume(_) => {}
    }
    warn_of_lost_digits(reading, path, config);
}

fn warn_of_lost_digits(reading: &Reading<'_>, path: &Path<'_>, value: &Value) {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => {}
        Value::Number(number) => {
            if let Some(written) = reading.written(path) {
                reading.warning(
                    path,
                    format!("{written} is read as the number {number}; put it in quotes to keep it"),
                );
            }
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, item)| warn_of_lost_digits(reading, &path.index(index), item));
        }
        Value::Object(map) => {
            map.iter().for_each(|(key, item)| warn_of_lost_digits(reading, &path.key(key), item))
        }
    }
}

/// The number of attempts: `default_retry_limit`, or what an api call says in its older word for it.
fn retry_limit(step: &Section<'_>, retries: Option<i64>, retryable: bool) -> u32 {
    let limit = step.integer("default_retry_limit", 1..=i64::from(i32::MAX));
    if let (Some(limit), Some(retries)) = (limit, retries)
        && limit != retries
    {
        let path = step.path.key("handler_config");
        step.reading.error(
            &path.key("retries"),
            "is another word for default_retry_limit, which says something else",
        );
    }
    let limit = limit.or(retries);
    if !retryable && limit.is_some_and(|limit| limit > 1) {
        let path = step.path.key("default_retryable");
        step.reading.warning(&path, "is false, so there is one attempt whatever the limit says");
    }
    if retryable { limit.and_then(|limit| u32::try_from(limit).ok()).unwrap_or(3) } else { 1 }
}

/// `custom_events` of a step or of the whole template.
pub(super) fn custom_events(section: &Section<'_>) -> Vec<CustomEvent> {
    let path = section.path.key("custom_events");
    let mut seen = HashSet::new();
    let mut events = Vec::new();
    for (index, value) in section.list("custom_events").unwrap_or_default().iter().enumerate() {
        let path = path.index(index);
        let Some(entry) = Section::open(section.reading, &path, value, &["name", "description"]) else {
            continue;
        };
        let Some(name) = entry.text("name") else {
            if !entry.has("name") {
                section.reading.error(&path, "needs a name");
            }
            continue;
        };
        match names::event(&name.value) {
            _ if !name.known => {}
            Err(why) => entry.error("name", why),
            Ok(()) if !seen.insert(name.value.clone()) => {
                entry.error("name", format!("the event {:?} is declared twice", name.written));
            }
            Ok(()) => {}
        }
        events.push(CustomEvent {
            name: name.value,
            description: entry.shown("description").unwrap_or_default(),
        });
    }
    events
}
