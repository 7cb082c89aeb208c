//! From a merged document to a template.

use std::{collections::HashSet, sync::Arc};

use serde_json::Value;

use super::{
    Backoff, IdentityStrategy, Template, api, backoff, canonical,
    context_schema::ContextSchema,
    dependencies::{self, Names},
    names,
    path::Path,
    reading::{Purpose, Reading, Text},
    section::{Section, text},
    step,
};
use crate::model::id::StepNo;

const KEYS: &[&str] = &[
    "name",
    "namespace_name",
    "version",
    "description",
    "task_handler_class",
    "module_namespace",
    "concurrent",
    "schema",
    "default_dependent_system",
    "named_steps",
    "identity_strategy",
    "priority",
    "timeout_seconds",
    "delay_seconds",
    "backoff",
    "step_templates",
    "custom_events",
    // Merging has taken it out; it is here to be suggested.
    super::merge::ENVIRONMENTS,
];

/// What a template is known by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Identity {
    pub namespace: String,
    pub name: String,
    pub version: semver::Version,
}

/// What was read: the identity also when the rest is broken.
pub(super) struct Built {
    pub identity: Option<Identity>,
    pub template: Option<Template>,
}

/// Reads the document. There is a template only if nothing is wrong.
pub(super) fn build(reading: &Reading<'_>, document: Value, max_steps: usize) -> Built {
    let root = Path::Root;
    let Some(whole) = Section::open(reading, &root, &document, KEYS) else {
        return Built { identity: None, template: None };
    };
    let identity = identity(&whole);
    let schema = whole.value("schema");
    let context_schema =
        schema.and_then(|schema| ContextSchema::compile(reading, &root.key("schema"), schema));
    let defaults = step::Defaults {
        dependent_system: whole.shown("default_dependent_system"),
        backoff: match whole.value("backoff") {
            Some(value) => backoff::read(reading, &root.key("backoff"), value, &Backoff::default()),
            None => Backoff::default(),
        },
    };
    let steps = steps(&whole, &defaults, max_steps);
    let task_handler_class = handler_class(&whole);
    let strategy = identity_strategy(&whole);
    let priority = whole.integer("priority", i64::from(i32::MIN)..=i64::from(i32::MAX));
    let (timeout, delay) = (whole.timeout("timeout_seconds"), whole.seconds("delay_seconds"));
    let (description, module_namespace) = (whole.shown("description"), whole.shown("module_namespace"));
    let concurrent = whole.boolean("concurrent").unwrap_or(true);
    let (custom_events, schema) = (step::custom_events(&whole), schema.cloned());

    let (Some(known), Some((steps, dag, places)), false) = (&identity, steps, reading.has_errors()) else {
        return Built { identity, template: None };
    };
    let template = Template {
        namespace: known.namespace.clone(),
        name: known.name.clone(),
        version: known.version.clone(),
        description,
        task_handler_class,
        module_namespace,
        concurrent,
        schema,
        identity_strategy: strategy,
        priority: priority.and_then(|priority| i32::try_from(priority).ok()).unwrap_or(0),
        timeout,
        delay: delay.map(std::time::Duration::from_secs_f64).unwrap_or_default(),
        steps,
        custom_events,
        dag,
        digest: canonical::digest(&document),
        document,
        places: Arc::new(places),
        context_schema,
    };
    Built { identity, template: Some(template) }
}

fn identity(whole: &Section<'_>) -> Option<Identity> {
    let name = match whole.text("name") {
        Some(name) => identifier(whole, "name", name),
        None if whole.has("name") => None,
        None => {
            whole.reading.error(whole.path, "needs a name");
            None
        }
    };
    let namespace = match whole.text("namespace_name") {
        Some(namespace) => identifier(whole, "namespace_name", namespace),
        None if whole.has("namespace_name") => None,
        None => Some("default".to_owned()),
    };
    let version = version(whole);
    Some(Identity { namespace: namespace?, name: name?, version: version? })
}

fn identifier(whole: &Section<'_>, key: &str, text: Text) -> Option<String> {
    whole.reading.warn_of_shape(&whole.path.key(key), &text);
    match names::identifier(&text) {
        _ if !text.known => None,
        Err(why) => {
            whole.error(key, why);
            None
        }
        Ok(()) => Some(text.value),
    }
}

fn version(whole: &Section<'_>) -> Option<semver::Version> {
    const KEY: &str = "version";
    let parts = "must be three numbers, such as 1.10.0";
    match whole.value(KEY) {
        None => Some(semver::Version::new(0, 1, 0)),
        // The number 1.10 is the number 1.1: only the text knows which version was meant.
        Some(number @ Value::Number(_)) => {
            let path = whole.path.key(KEY);
            let written = whole.reading.written(&path).map_or_else(|| number.to_string(), str::to_owned);
            let missing = if written.contains('.') { ".0" } else { ".0.0" };
            whole.error(KEY, format!("{parts}; {written} is a number to YAML: write \"{written}{missing}\""));
            None
        }
        Some(_) => {
            let text = whole.text(KEY)?;
            whole.reading.warn_of_shape(&whole.path.key(KEY), &text);
            match semver::Version::parse(&text.value) {
                _ if !text.known => None,
                Ok(version) if text.value.len() <= 64 => Some(version),
                Ok(_) | Err(_) => {
                    whole.error(KEY, parts);
                    None
                }
            }
        }
    }
}

fn handler_class(whole: &Section<'_>) -> Option<String> {
    let class = whole.text("task_handler_class")?;
    if class.known
        && let Err(why) = names::printable(&class)
    {
        whole.error("task_handler_class", why);
    }
    Some(class.value)
}

fn identity_strategy(whole: &Section<'_>) -> IdentityStrategy {
    const KEY: &str = "identity_strategy";
    match whole.text(KEY) {
        None => IdentityStrategy::Default,
        Some(text) => match text.value.as_str() {
            "default" => IdentityStrategy::Default,
            "hash" => IdentityStrategy::Hash,
            _ => {
                if text.known {
                    whole.error(KEY, "must be default or hash");
                }
                IdentityStrategy::Default
            }
        },
    }
}

type Steps = (Vec<super::StepTemplate>, crate::model::dag::Dag, std::collections::HashMap<String, StepNo>);

fn steps(whole: &Section<'_>, defaults: &step::Defaults, max_steps: usize) -> Option<Steps> {
    const KEY: &str = "step_templates";
    let reading = whole.reading;
    let path = whole.path.key(KEY);
    if !whole.has(KEY) {
        reading.error(whole.path, "needs step_templates: a list of at least one step");
        return None;
    }
    let entries = whole.list(KEY)?;
    if entries.is_empty() {
        whole.error(KEY, "must hold at least one step");
    }
    if entries.len() > max_steps {
        whole.error(KEY, format!("has {} steps; at most {max_steps} are allowed", entries.len()));
        return None;
    }
    let mut names = Names::default();
    let mut own_names = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        let path = path.index(index);
        let name = step::name(reading, &path, entry);
        if let (Some(first), Some(name)) = (names.add(name.as_ref()), &name) {
            let line = reading.line(&whole.path.key(KEY).index(first.index()));
            let place = line.map(|line| format!(" in line {line}")).unwrap_or_default();
            reading.error(&path.key("name"), format!("the step {:?} is already there{place}", name.written));
        }
        own_names.push(name);
    }
    check_whitelist(whole, &own_names);
    let mut steps = Vec::with_capacity(entries.len());
    for ((place, entry), name) in (0..).map(StepNo).zip(entries).zip(&own_names) {
        let path = path.index(place.index());
        steps.push(step::read(reading, &path, entry, place, name.as_ref(), &names, defaults));
    }
    let parents =
        steps.iter().map(|step| step.as_ref().map(|step| step.depends_on.clone()).unwrap_or_default());
    let dag = dependencies::graph(reading, &path, parents.collect(), &names)?;
    let steps: Vec<super::StepTemplate> = steps.into_iter().collect::<Option<_>>()?;
    match reading.purpose() {
        Purpose::Load(_) | Purpose::Inspect => api::check_references(reading, &path, &steps, &dag),
        Purpose::Resume(_) => {}
    }
    Some((steps, dag, names.into_places()))
}

/// `named_steps`, where it is given, lists every name a step may have.
fn check_whitelist(whole: &Section<'_>, steps: &[Option<Text>]) {
    const KEY: &str = "named_steps";
    let reading = whole.reading;
    let Some(entries) = whole.list(KEY) else { return };
    let path = whole.path.key(KEY);
    let allowed: Vec<Option<Text>> =
        entries.iter().enumerate().map(|(index, entry)| text(reading, &path.index(index), entry)).collect();
    let unknown = allowed.iter().flatten().any(|name| !name.known);
    let values: HashSet<&str> = allowed.iter().flatten().map(|name| name.value.as_str()).collect();
    let used: HashSet<&str> = steps.iter().flatten().map(|name| name.value.as_str()).collect();
    for (index, name) in steps.iter().enumerate() {
        let Some(name) =
            name.as_ref().filter(|name| name.known && !unknown && !values.contains(&*name.value))
        else {
            continue;
        };
        let suggestion =
            reading.suggestion(&name.written, allowed.iter().flatten().map(|name| name.written.as_str()));
        let at = whole.path.key("step_templates");
        reading.error(
            &at.index(index).key("name"),
            format!("{:?} is not in named_steps{suggestion}", name.written),
        );
    }
    for (index, name) in allowed.iter().enumerate() {
        if let Some(name) = name.as_ref().filter(|name| name.known && !used.contains(&*name.value)) {
            reading.warning(&path.index(index), format!("no step is called {:?}", name.written));
        }
    }
}
