//! A task template as it is registered here: what can be run, in which versions, by what.

use std::{collections::BTreeSet, sync::Arc};

use async_graphql::{Context, Object, Result, SimpleObject};

use super::{
    authorize::authorize,
    caller::Needs,
    dependency_graph::DependencyGraph,
    diagram::{Budget, DiagramFormat, TemplateDiagram, too_large},
    named_task::NamedTask,
};
use crate::{
    auth::Permission,
    model::{diagram::Picture, template::Template},
    orchestration::{
        Engine,
        handler::{Found, Handlers},
    },
};

/// A namespace that has task templates.
#[derive(SimpleObject)]
pub struct Namespace {
    /// Its name.
    pub name: String,
    /// How many task templates are in it, each counted once whatever versions it has.
    pub handler_count: usize,
    /// The same with every version counted.
    pub version_count: usize,
}

/// A task template in one of its versions.
pub struct Handler {
    template: Arc<Template>,
    budget: Arc<Budget>,
}

impl Handler {
    /// Of this template, one of those that share a budget for diagrams.
    pub const fn new(template: Arc<Template>, budget: Arc<Budget>) -> Self {
        Self { template, budget }
    }

    fn all_versions(&self, engine: &Engine) -> Vec<String> {
        let Template { namespace, name, .. } = &*self.template;
        engine.templates().versions(namespace, name).map(ToString::to_string).collect()
    }
}

/// A task template as it is registered here: a workflow that can be run.
#[Object]
impl Handler {
    /// Its name within its namespace.
    async fn name(&self) -> &str {
        &self.template.name
    }

    /// Its namespace.
    async fn namespace(&self) -> &str {
        &self.template.namespace
    }

    /// The version that is shown: three numbers, as in `1.2.0`.
    async fn version(&self) -> String {
        self.template.version.to_string()
    }

    /// `namespace/name@version`.
    async fn full_name(&self) -> String {
        self.template.full_name()
    }

    /// For people.
    async fn description(&self) -> Option<&str> {
        self.template.description.as_deref()
    }

    /// All of its versions, lowest first.
    async fn versions(&self, ctx: &Context<'_>) -> Result<Vec<String>> {
        Ok(self.all_versions(ctx.data::<Engine>()?))
    }

    /// The highest of them: what runs where nobody asks for another.
    async fn latest_version(&self, ctx: &Context<'_>) -> Result<String> {
        let latest = self.all_versions(ctx.data::<Engine>()?).pop();
        Ok(latest.unwrap_or_else(|| self.template.version.to_string()))
    }

    /// How many steps it has.
    async fn step_count(&self) -> usize {
        self.template.steps.len()
    }

    /// Whether this program has the code of all its steps. Without it, the others wait for a worker.
    async fn available(&self, ctx: &Context<'_>) -> Result<bool> {
        let handlers = ctx.data::<Engine>()?.handlers();
        Ok(missing(&self.template, handlers).next().is_none())
    }

    /// The handler classes that this program does not have: a worker runs them.
    async fn missing_handlers(&self, ctx: &Context<'_>) -> Result<BTreeSet<String>> {
        let handlers = ctx.data::<Engine>()?.handlers();
        Ok(missing(&self.template, handlers).map(ToOwned::to_owned).collect())
    }

    /// What its file says.
    #[graphql(guard = "Needs(Permission::HandlerShow)", directive = authorize::apply(Permission::HandlerShow))]
    async fn template(&self) -> NamedTask {
        NamedTask(self.template.clone())
    }

    /// What runs after what.
    #[graphql(guard = "Needs(Permission::HandlerShow)", directive = authorize::apply(Permission::HandlerShow))]
    async fn dependency_graph(&self) -> Result<DependencyGraph> {
        Picture::of_template(self.template.clone()).map_err(too_large)?;
        Ok(DependencyGraph::of(&self.template))
    }

    /// A picture of it.
    #[graphql(guard = "Needs(Permission::HandlerShow)", directive = authorize::apply(Permission::HandlerShow))]
    async fn diagram(
        &self,
        #[graphql(desc = "How it is written.", default_with = "DiagramFormat::Mermaid")]
        format: DiagramFormat,
    ) -> TemplateDiagram {
        TemplateDiagram::new(self.template.clone(), format, self.budget.clone())
    }
}

/// What runs its steps and is not in this program.
fn missing<'a>(template: &'a Template, handlers: &'a Handlers) -> impl Iterator<Item = &'a str> {
    let steps = template.steps.iter().filter(|step| matches!(handlers.find(step), Found::Worker));
    steps.map(|step| step.handler_class.as_str())
}
