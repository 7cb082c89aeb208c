//! A task template: what a YAML file says, checked and resolved.
//!
//! Reading and checking the text is in the modules below; what is here is the result, which running tasks share.

mod api;
mod backoff;
mod build;
mod canonical;
mod catalog;
mod context_schema;
mod dependencies;
mod load;
mod marks;
mod merge;
mod names;
mod path;
mod problem;
mod reading;
mod section;
mod step;
mod variables;
mod yaml;

use std::{collections::HashMap, sync::Arc, time::Duration};

use serde_json::Value;

use super::{dag::Dag, id::StepNo};

use self::context_schema::ContextSchema;
pub use self::{
    canonical::{canonical_json, digest},
    catalog::{NotFound, Templates},
    context_schema::Violation,
    load::Limits,
    problem::{Problem, Severity, did_you_mean},
    variables::{Fault, Unresolved, Vars, resolve, substitute},
};

/// How a file is read with the line of everything in it, for files that are not templates.
pub(crate) mod document {
    pub(crate) use super::{
        path::Path,
        reading::{Purpose, Reading},
        section::{Section, kind, text},
        yaml::read,
    };
}

/// SHA-256 of the merged template before `${VAR}` substitution, in hexadecimal. A task is pinned to it.
pub type Digest = Arc<str>;

/// One workflow that can be run: a YAML file, merged for the running environment, checked, resolved.
#[derive(Debug, Clone)]
pub struct Template {
    /// Namespace, `default` unless the file says otherwise.
    pub namespace: String,
    /// Name within the namespace.
    pub name: String,
    /// Three-part semantic version.
    pub version: semver::Version,
    /// For people.
    pub description: Option<String>,
    /// Names a registered task handler, whose hooks run at creation.
    pub task_handler_class: Option<String>,
    /// Shown only; the guide's templates carry it.
    pub module_namespace: Option<String>,
    /// Independent steps run in parallel.
    pub concurrent: bool,
    /// JSON Schema 2020-12 of a task's context.
    pub schema: Option<Value>,
    /// What makes two requests the same task when they bring no idempotency key.
    pub identity_strategy: IdentityStrategy,
    /// Higher is taken first.
    pub priority: i32,
    /// Limit for the whole task.
    pub timeout: Option<Duration>,
    /// A new task starts no earlier than this after its creation.
    pub delay: Duration,
    /// In the file's order; a step's place here is its `StepNo`.
    pub steps: Vec<StepTemplate>,
    /// Events that any of its handlers may publish.
    pub custom_events: Vec<CustomEvent>,
    /// The dependencies, in both directions.
    pub dag: Dag,
    /// Identity of the content.
    pub digest: Digest,
    /// The merged document before substitution: what is stored, and what the digest is made from.
    pub document: Value,
    /// The steps by name.
    places: Arc<HashMap<String, StepNo>>,
    /// `schema`, compiled.
    context_schema: Option<ContextSchema>,
}

impl Template {
    /// `namespace/name@version`.
    pub fn full_name(&self) -> String {
        format!("{}/{}@{}", self.namespace, self.name, self.version)
    }

    /// The step at `no`.
    pub fn step(&self, no: StepNo) -> &StepTemplate {
        &self.steps[no.index()]
    }

    /// The place of the step called `name`.
    pub fn step_no(&self, name: &str) -> Option<StepNo> {
        self.places.get(name).copied()
    }

    /// Does the context fit the schema? If not, every way in which it does not, each with its JSON pointer.
    pub fn validate_context(&self, context: &Value) -> Result<(), Vec<Violation>> {
        self.context_schema.as_ref().map_or(Ok(()), |schema| schema.validate(context))
    }
}

/// One step of a template.
#[derive(Debug, Clone)]
pub struct StepTemplate {
    /// Unique in its template; any printable text up to 200 characters.
    pub name: String,
    /// Names the handler; empty only where `handler_config.type` says what to do.
    pub handler_class: String,
    /// For people.
    pub description: Option<String>,
    /// The steps that must be settled first.
    pub depends_on: Vec<StepNo>,
    /// `false` means exactly one attempt.
    pub retryable: bool,
    /// Total number of attempts, at least one; exactly one where it is not retryable.
    pub retry_limit: u32,
    /// May be settled at creation with `bypassSteps`.
    pub skippable: bool,
    /// Limit for one attempt.
    pub timeout: Duration,
    /// How long to wait between attempts.
    pub backoff: Backoff,
    /// The system this step talks to; shown.
    pub dependent_system: Option<String>,
    /// The handler's own configuration, with `${VAR}` unresolved: it is substituted when it is used.
    pub handler_config: Value,
    /// Events that this step's handler may publish.
    pub custom_events: Vec<CustomEvent>,
}

impl StepTemplate {
    /// Whether it is an HTTP call: the only type that there is.
    pub fn is_api(&self) -> bool {
        self.handler_config.get("type").is_some_and(|kind| !kind.is_null())
    }
}

/// The wait before the next attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Backoff {
    /// Seconds before the second, third, … attempt.
    pub seconds: Vec<f64>,
    /// Growth after the list is used up.
    pub multiplier: f64,
    /// Upper bound in seconds for the formula.
    pub max_seconds: f64,
    /// Upper bound in seconds for what a server asks for.
    pub max_server_seconds: f64,
    /// 0.1 spreads a wait by ten per cent either way.
    pub jitter: f64,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            seconds: vec![1.0, 2.0, 4.0, 8.0, 16.0, 32.0],
            multiplier: 2.0,
            max_seconds: 300.0,
            max_server_seconds: 3600.0,
            jitter: 0.1,
        }
    }
}

/// What makes two requests the same task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityStrategy {
    /// Every request is a new task.
    Default,
    /// A SHA-256 over what was asked for.
    Hash,
}

/// A custom event that a template or handler declares.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CustomEvent {
    /// Dotted, and not in one of Tasker's own categories.
    pub name: String,
    /// When it is published.
    #[serde(default)]
    pub description: String,
}

impl CustomEvent {
    /// Whether an event can be called so; if not, why.
    pub fn check(&self) -> Result<(), String> {
        names::event(&self.name)
    }
}
