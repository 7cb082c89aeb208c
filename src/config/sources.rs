//! Everything that says something about the settings, from the weakest to the strongest.

use std::io;
use std::path::Path;

use serde_yaml::{Mapping, Value};

use super::environment::{Environment, Variables};
use super::overrides::Overrides;
use super::problem::{Error, Problem};
use super::url::mask_url;
use super::{Config, NamedDatabase, suggest, tree, vet};

/// Names that others use too, and the settings they stand for.
const ELSEWHERE: [(&str, &str); 7] = [
    ("DATABASE_URL", "database.primary.url"),
    ("RUST_LOG", "logging.level"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "telemetry.otlp.endpoint"),
    ("OTEL_EXPORTER_OTLP_HEADERS", "telemetry.otlp.headers"),
    ("OTEL_SERVICE_NAME", "telemetry.otlp.service_name"),
    ("OTEL_TRACES_SAMPLER", "telemetry.otlp.sampler"),
    ("OTEL_TRACES_SAMPLER_ARG", "telemetry.otlp.sampling_ratio"),
];

/// The sources in order, and what was found wrong so far.
pub struct Sources {
    /// Every key there is, with its default.
    pub(super) defaults: Value,
    layers: Vec<Layer>,
    problems: Vec<Problem>,
    /// What variables were put in as, by setting. Never shown.
    pub(super) concealed: Vec<(String, String)>,
}

/// One source and what it says, unknown keys left out.
pub struct Layer {
    /// The file, the variable or the option.
    pub origin: String,
    /// Whether `${VAR}` is substituted in it: in files.
    pub is_file: bool,
    tree: Value,
}

impl Sources {
    /// The defaults alone.
    pub fn new() -> Result<Self, Error> {
        match serde_yaml::to_value(Config::default()) {
            Ok(defaults) => {
                Ok(Self { defaults, layers: Vec::new(), problems: Vec::new(), concealed: Vec::new() })
            }
            Err(error) => Err(Error { problems: vec![problem("the defaults", "", error.to_string())] }),
        }
    }

    /// `TASKER_ENV`.
    pub fn environment(&mut self, variables: &Variables) -> Environment {
        let Some(name) = variables.filled("TASKER_ENV") else { return Environment::default() };
        Environment::parse(name).unwrap_or_else(|| {
            let message = format!("`{name}` must be letters, digits, `_` and `-`");
            self.problems.push(problem("TASKER_ENV", "", message));
            Environment::default()
        })
    }

    /// A file, if it exists.
    pub fn add_file(&mut self, path: &Path) {
        let origin = path.display().to_string();
        match std::fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => self.problems.push(problem(&origin, "", format!("cannot be read: {error}"))),
            Ok(text) => match serde_yaml::from_str(&text) {
                Ok(given) => self.add(origin, true, given),
                Err(error) => self.problems.push(problem(&origin, "", format!("not valid YAML: {error}"))),
            },
        }
    }

    /// `TASKER__SECTION__KEY`, then the names that others use too.
    pub fn add_variables(&mut self, variables: &Variables) {
        for (name, text) in variables.iter() {
            if let Some(path) = name.strip_prefix("TASKER__") {
                let key = path.to_ascii_lowercase().replace("__", ".");
                self.add_text(name, &key, text);
            }
        }
        for (name, key) in ELSEWHERE {
            if let Some(text) = variables.filled(name) {
                self.add_text(name, key, text);
            }
        }
    }

    /// The command line.
    pub fn add_overrides(&mut self, overrides: &Overrides) {
        let Overrides { listen, database_url, insecure, own_sign_in: _ } = overrides;
        if let Some(address) = listen {
            self.add_text("--listen", "server.listen", address);
        }
        if let Some(url) = database_url {
            self.add_text("--database-url", "database.primary.url", url.as_str());
        }
        if *insecure {
            self.add_text("--insecure", "server.insecure", "true");
        }
    }

    fn add_text(&mut self, origin: &str, key: &str, text: &str) {
        self.admit_databases(&tree::nest(key, Value::Null));
        let (_, default) = tree::setting(&self.defaults, key);
        let value = read_as(default, text);
        self.add(origin.to_owned(), false, tree::nest(key, value));
    }

    fn add(&mut self, origin: String, is_file: bool, given: Value) {
        self.admit_databases(&given);
        let (kept, findings) = vet::keys(&self.defaults, given);
        self.problems.extend(findings.into_iter().map(|(key, message)| problem(&origin, &key, message)));
        self.layers.push(Layer { origin, is_file, tree: kept.into() });
    }

    /// Below `database` any section is the entry of a further database. Whether it belongs there is looked at when it is
    /// known which one is meant.
    fn admit_databases(&mut self, given: &Value) {
        let named = given.get("database").and_then(Value::as_mapping).into_iter().flatten();
        let named: Vec<Value> =
            named.filter(|(_, entry)| entry.is_mapping()).map(|(name, _)| name.clone()).collect();
        let entry = serde_yaml::to_value(NamedDatabase::default());
        if let (Some(known), Ok(entry)) =
            (self.defaults.get_mut("database").and_then(Value::as_mapping_mut), entry)
        {
            for name in named.into_iter().filter(Value::is_string) {
                known.entry(name).or_insert_with(|| entry.clone());
            }
        }
    }

    /// What is said of an entry of `database` that nobody asked for: as of any other key that there is not.
    pub fn unknown_database(&self, name: &str) -> String {
        match serde_yaml::to_value(Config::default()) {
            Ok(defaults) => suggest::known(&defaults, "database", name),
            Err(_) => "unknown key".to_owned(),
        }
    }

    /// What all the sources say together. Settings that nobody gave are absent.
    pub fn merged(&self) -> Value {
        let mut merged = Value::Mapping(Mapping::new());
        self.layers.iter().for_each(|layer| tree::merge(&mut merged, &layer.tree));
        merged
    }

    /// The source that decided a setting, and what it says there.
    pub fn deciding(&self, key: &str) -> Option<(&Layer, &Value)> {
        let (key, _) = tree::setting(&self.defaults, key);
        self.layers.iter().rev().find_map(|layer| Some((layer, tree::find(&layer.tree, &key)?)))
    }

    /// A setting as it is written, for a message: before variables are put in, and without passwords.
    pub fn written(&self, key: &str) -> String {
        match self.deciding(key).map(|(_, value)| (tree::scalar(value), tree::kind(value))) {
            Some((Some(scalar), _)) => format!("`{}`", mask_url(&scalar)),
            Some((None, kind)) => kind.to_owned(),
            None => "its default".to_owned(),
        }
    }

    /// Notes that a setting is wrong, against the source that decided it.
    pub fn refuse(&mut self, key: &str, message: String) {
        let origin = self.deciding(key).map_or("the defaults", |(layer, _)| &layer.origin);
        let problem = problem(origin, key, message);
        self.problems.push(problem);
    }

    /// The settings, if nothing was wrong.
    pub fn finish(self, config: Config) -> Result<Config, Error> {
        if self.problems.is_empty() { Ok(config) } else { Err(Error { problems: self.problems }) }
    }
}

/// A variable's text as the type that the default has: text stays text, a list may be written `a, b`.
///
/// What doesn't fit stays text too, and is refused with everything else.
pub fn read_as(default: &Value, text: &str) -> Value {
    let yaml = || serde_yaml::from_str(text).unwrap_or_else(|_| text.into());
    match default {
        Value::String(_) => text.into(),
        Value::Sequence(_) if text.trim_start().starts_with('[') => yaml(),
        Value::Sequence(_) => {
            text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(Value::from).collect()
        }
        // `name=value,name=value`, as OpenTelemetry's own variable has it.
        Value::Mapping(_) if !text.trim_start().starts_with('{') && text.contains('=') => {
            let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
            pairs.map(|(name, value)| (name.trim().into(), value.trim().into())).collect::<Mapping>().into()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Mapping(_) | Value::Tagged(_) => yaml(),
    }
}

fn problem(origin: &str, key: &str, message: String) -> Problem {
    Problem { origin: origin.to_owned(), key: key.to_owned(), message }
}
