//! What stands in backticks and looks like a name of something is the name of one: a path, a setting, an event, a metric, a
//! permission, a word of the schema.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;
use tasker::{
    auth::Permission,
    config::Config,
    metrics::{
        Metrics,
        subscribers::{ByEvent, BySubscriber, Name},
    },
    model::event::EventName,
};

/// First words of the events that are Tasker's own.
const CATEGORIES: [&str; 4] = ["task", "step", "workflow", "observability"];

/// Words of neither the schema nor the settings: variables of the environment, and an extension of errors.
const WORDS: &[&str] =
    &["TASKER_BIN", "TASKER_ENV", "TASKER_TEST_POSTGRES", "TASKER_TOKEN", "TASKER_URL", "retryAfter"];

/// Where everything has its name.
pub struct Names {
    /// Every word of the schema and of the REST API's document, and every variable that is read.
    words: BTreeSet<String>,
    paths: Value,
    settings: Value,
    metrics: String,
}

impl Names {
    /// `page` is what a service answers whose metrics are asked for.
    pub fn read(page: String) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let text = |file: &str| fs::read_to_string(root.join(file)).expect(file);
        let openapi = text("openapi.json");
        let known = [text("schema.graphql"), text("config/tasker.yaml"), openapi.clone()].concat();
        let words = known.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let words = words.chain(WORDS.iter().copied());
        let paths: Value = serde_json::from_str(&openapi).expect("JSON");
        Self {
            words: words.map(str::to_owned).collect(),
            paths: paths["paths"].clone(),
            settings: serde_json::to_value(Config::default()).expect("settings"),
            metrics: [page, subscribers()].concat(),
        }
    }

    /// What is wrong with it; or a path that is yet to be asked for.
    pub fn check(&self, span: &str) -> Result<Option<String>, String> {
        let (method, path) = span.split_once(' ').unwrap_or(("", span));
        if path.starts_with("/api/") && !path.contains('…') {
            let route = &self.paths[path];
            let is_there =
                if method.is_empty() { route.is_object() } else { route[method.to_lowercase()].is_object() };
            return yes(is_there, "openapi.json has no such path");
        }
        if span.starts_with("/health/") || ["/metrics", "/openapi.json", "/graphiql"].contains(&span) {
            return Ok(Some(span.to_owned()));
        }
        if span.contains(|c: char| !c.is_ascii_alphanumeric() && !"_.:".contains(c)) {
            return Ok(None);
        }
        if let Some((resource, _)) =
            span.split_once(':').filter(|(resource, _)| resource.starts_with("tasker."))
        {
            return yes(Permission::parse(span).is_some(), &format!("{resource} has no such action"));
        }
        let metric = span.strip_prefix("tasker_").map(|name| name.trim_end_matches("_total"));
        if let Some(metric) = metric.filter(|rest| !rest.is_empty()) {
            return yes(
                self.metrics.contains(&format!("# HELP tasker_{metric} ")),
                "there is no such metric",
            );
        }
        if let Some((first, rest)) = span.split_once('.') {
            if CATEGORIES.contains(&first) {
                return yes(EventName::SYSTEM.contains(&span), "there is no such event");
            }
            if self.settings[first].is_object() {
                let found = rest.split('.').try_fold(&self.settings[first], |at, key| at.get(key));
                return yes(found.is_some(), "there is no such setting");
            }
        }
        let is_camel = |word: &str| {
            word.starts_with(|c: char| c.is_ascii_lowercase())
                && word.contains(|c: char| c.is_ascii_uppercase())
        };
        let is_shouted =
            |word: &str| word.contains('_') && word.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        let strange = span.split(['.', ':']).find(|word| {
            (is_camel(word) || is_shouted(word)) && !word.contains("__") && !self.words.contains(*word)
        });
        yes(strange.is_none(), "neither the schema nor the settings know this word")
    }
}

/// What is there where somebody is told of events.
fn subscribers() -> String {
    let metrics = Metrics::new();
    let by = BySubscriber { subscriber: Name("orders".into()) };
    let own = metrics.subscribers();
    own.lag_events.get_or_create(&by).set(1);
    own.lag_seconds.get_or_create(&by).set(1.0);
    own.parked_tasks.get_or_create(&by).set(1);
    own.counted_events
        .get_or_create(&ByEvent {
            name: by.subscriber.clone(),
            namespace: by.subscriber.clone(),
            template: by.subscriber,
        })
        .inc();
    metrics.encode()
}

fn yes(is_so: bool, otherwise: &str) -> Result<Option<String>, String> {
    if is_so { Ok(None) } else { Err(otherwise.to_owned()) }
}
