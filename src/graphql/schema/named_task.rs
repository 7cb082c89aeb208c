//! A task template, as the API shows it. Its handlers' configurations are not shown: they may name secrets.

use std::sync::Arc;

use async_graphql::Object;

use super::scalar::Json;
use crate::model::{id::StepNo, template::Template};

/// A template, exactly as some task was created with it.
#[derive(Clone)]
pub struct NamedTask(pub Arc<Template>);

/// A task template: a workflow that can be run.
#[Object]
impl NamedTask {
    /// Its name within its namespace.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Its namespace.
    async fn namespace(&self) -> &str {
        &self.0.namespace
    }

    /// Its version: three numbers, as in `1.2.0`.
    async fn version(&self) -> String {
        self.0.version.to_string()
    }

    /// `namespace/name@version`.
    async fn full_name(&self) -> String {
        self.0.full_name()
    }

    /// For people.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// The JSON Schema of a task's context.
    async fn schema(&self) -> Option<Json> {
        self.0.schema.clone().map(Json)
    }

    /// Whether independent steps run in parallel.
    async fn concurrent(&self) -> bool {
        self.0.concurrent
    }

    /// Its steps, in the order of its file.
    async fn step_templates(&self) -> Vec<NamedStep> {
        let places = (0..).map(StepNo).take(self.0.steps.len());
        places.map(|no| NamedStep { template: self.0.clone(), no }).collect()
    }
}

/// One step of a template.
pub struct NamedStep {
    template: Arc<Template>,
    no: StepNo,
}

/// A step of a task template.
#[Object]
impl NamedStep {
    /// Its name, unique in its template.
    async fn name(&self) -> &str {
        &self.template.step(self.no).name
    }

    /// The code that runs it; null where its configuration alone says what to do.
    async fn handler_class(&self) -> Option<&str> {
        Some(self.template.step(self.no).handler_class.as_str()).filter(|class| !class.is_empty())
    }

    /// For people.
    async fn description(&self) -> Option<&str> {
        self.template.step(self.no).description.as_deref()
    }

    /// The names of the steps it runs after.
    async fn depends_on(&self) -> Vec<&str> {
        let before = self.template.dag.parents(self.no);
        before.iter().map(|&no| self.template.step(no).name.as_str()).collect()
    }

    /// Whether a failed attempt may be followed by another without an operator.
    async fn retryable(&self) -> bool {
        self.template.step(self.no).retryable
    }

    /// How many attempts it may have in all.
    async fn retry_limit(&self) -> i32 {
        i32::try_from(self.template.step(self.no).retry_limit).unwrap_or(i32::MAX)
    }

    /// Whether `bypassSteps` may name it.
    async fn skippable(&self) -> bool {
        self.template.step(self.no).skippable
    }

    /// The system it talks to.
    async fn dependent_system(&self) -> Option<&str> {
        self.template.step(self.no).dependent_system.as_deref()
    }
}
