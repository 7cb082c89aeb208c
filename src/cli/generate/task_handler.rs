//! `tasker generate task-handler`: a whole workflow, from its template to its tests.

use std::collections::HashSet;

use clap::Args;
use minijinja::{Value, context};

use super::{Plan, Target, name::Name, step_handler, text::fill};

/// Steps of a workflow that names none.
const STEPS: [&str; 3] = ["fetch_data", "process_data", "complete_task"];

/// What the workflow is.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct TaskHandler {
    /// Name of the workflow, as in OrderProcess or order_process
    name: String,
    /// Names of its steps, which run one after the other
    #[arg(long, value_name = "A,B,C", value_delimiter = ',', num_args = 1..)]
    steps: Vec<String>,
    /// Namespace of the template
    #[arg(long, default_value = "default")]
    namespace: String,
    /// Version of the template
    #[arg(long = "version", default_value = "0.1.0")]
    template_version: semver::Version,
    /// What it is for, in a sentence
    #[arg(long)]
    description: Option<String>,
    /// First part of its handlers' class names; the workflow's name without it
    #[arg(long, value_name = "MODULE")]
    module_namespace: Option<String>,
    #[command(flatten)]
    target: Target,
}

impl TaskHandler {
    pub(super) fn plan(self) -> anyhow::Result<(Plan, Target)> {
        let name = Name::parse("a workflow", &self.name)?;
        name.with_ending("a workflow", "")?;
        let steps = self.step_names()?;
        let (namespace, description) = (self.checked_namespace()?, self.checked_description(&name)?);
        let module_namespace = match &self.module_namespace {
            Some(given) => Name::parse("a module namespace", given)?.pascal,
            None => name.pascal.clone(),
        };
        let listed: Vec<Value> = steps
            .iter()
            .enumerate()
            .map(|(place, step)| {
                let before = place.checked_sub(1).map(|before| steps[before].snake.clone());
                Ok(context! {
                    name => step.snake,
                    words => step.words(),
                    handler => step.with_ending("a step", "Handler")?,
                    class => step_handler::class(Some(&module_namespace), step)?,
                    before,
                })
            })
            .collect::<anyhow::Result<_>>()?;
        let values = context! {
            name => name.snake,
            handler => name.pascal,
            namespace,
            version => self.template_version.to_string(),
            description,
            module_namespace,
            steps => listed,
            full_name => full_name(namespace, &name.snake),
        };

        let mut plan = Plan::default();
        let module = &name.snake;
        plan.file(format!("config/tasks/{module}.yaml"), fill("task_template.yaml", &values)?);
        plan.file(format!("src/{module}.rs"), fill("task_handler.rs", &values)?);
        plan.file(format!("src/{module}/tests.rs"), fill("task_tests.rs", &values)?);
        for (place, step) in steps.iter().enumerate() {
            let before = place.checked_sub(1).map(|before| steps[before].snake.as_str());
            let text = step_handler::text(step, &step.words(), before, &[])?;
            plan.file(format!("src/{module}/{}.rs", step.snake), text);
        }
        plan.next(format!(
            "In src/main.rs (or lib.rs), add the module, and its handlers to the builder:\n`mod \
             {module};`\n`let builder = {module}::handlers(builder);`"
        ));
        plan.next(format!(
            "Say what a task is given under `schema` in config/tasks/{module}.yaml, and write its steps in \
             src/{module}/."
        ));
        plan.next(format!(
            "`cargo test {module}` runs its tests; they need `tokio` with the features `macros` and `rt`."
        ));
        Ok((plan, self.target))
    }

    fn step_names(&self) -> anyhow::Result<Vec<Name>> {
        let given: Vec<&str> =
            self.steps.iter().map(|step| step.trim()).filter(|step| !step.is_empty()).collect();
        let given = if given.is_empty() { STEPS.to_vec() } else { given };
        let mut seen = HashSet::new();
        given
            .into_iter()
            .map(|text| {
                let step = Name::parse("a step", text)?;
                if !seen.insert(step.snake.clone()) {
                    anyhow::bail!("two steps are called {}; each needs a name of its own", step.snake);
                }
                Ok(step)
            })
            .collect()
    }

    fn checked_namespace(&self) -> anyhow::Result<&str> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        if self.namespace.is_empty() || self.namespace.len() > 64 || !self.namespace.chars().all(fits) {
            anyhow::bail!("{:?} is no namespace: write 1 to 64 letters, digits, _, . or -", self.namespace);
        }
        Ok(&self.namespace)
    }

    fn checked_description(&self, name: &Name) -> anyhow::Result<String> {
        match self.description.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            None => Ok(name.words()),
            Some(text) if text.chars().any(char::is_control) => {
                anyhow::bail!(
                    "the description is one line of text: leave out line breaks and control characters"
                )
            }
            Some(text) => Ok(text.to_owned()),
        }
    }
}

/// As the test kit's `create` takes it.
fn full_name(namespace: &str, name: &str) -> String {
    if namespace == "default" { name.to_owned() } else { format!("{namespace}/{name}") }
}
