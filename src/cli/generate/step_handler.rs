//! `tasker generate step-handler`: the code of one step.

use clap::Args;
use minijinja::{Value, context};

use super::{Plan, Target, name::Name, subscriber, text::fill};

/// Which step.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct StepHandler {
    /// Name of the step, as in ChargeCard or charge_card
    name: String,
    /// The workflow that it belongs to, as in OrderProcess: its file goes beside those of the workflow's other steps
    #[arg(long, value_name = "NAME")]
    task: Option<String>,
    /// The step that it runs after
    #[arg(long, value_name = "STEP")]
    depends_on: Option<String>,
    /// Events that it publishes, as in payment.processed
    #[arg(long, value_name = "EVENT", value_delimiter = ',', num_args = 1..)]
    events: Vec<String>,
    /// First part of its class name; the workflow's name without it
    #[arg(long, value_name = "MODULE")]
    module_namespace: Option<String>,
    #[command(flatten)]
    target: Target,
}

impl StepHandler {
    pub(super) fn plan(self) -> anyhow::Result<(Plan, Target)> {
        let name = Name::parse("a step", &self.name)?;
        let task = self.task.as_deref().map(|task| Name::parse("a workflow", task)).transpose()?;
        let before = self.depends_on.as_deref().map(|step| Name::parse("a step", step)).transpose()?;
        let module_namespace = match (&self.module_namespace, &task) {
            (Some(given), _) => Some(Name::parse("a module namespace", given)?.pascal),
            (None, Some(task)) => Some(task.pascal.clone()),
            (None, None) => None,
        };
        for event in &self.events {
            subscriber::check_custom(event)?;
        }
        let before = before.as_ref().map(|before| before.snake.as_str());
        let text = text(&name, &name.words(), before, &self.events)?;
        let (class, handler) =
            (class(module_namespace.as_deref(), &name)?, name.with_ending("a step", "Handler")?);
        let module = &name.snake;
        let registered = format!(".step_handler(\"{class}\", {module}::{handler})");
        let mut plan = Plan::default();
        match &task {
            Some(task) => {
                plan.file(format!("src/{}/{module}.rs", task.snake), text);
                plan.next(format!(
                    "In src/{}.rs, add the module, and the handler to what `handlers` registers:\n`mod \
                     {module};`\n`{registered}`",
                    task.snake
                ));
            }
            None => {
                plan.file(format!("src/{module}.rs"), text);
                plan.next(format!(
                    "In src/main.rs (or lib.rs), add the module, and the handler to the builder:\n`mod \
                     {module};`\n`let builder = builder{registered};`"
                ));
            }
        }
        let depends = before.map(|before| format!("\n  depends_on_step: {before}")).unwrap_or_default();
        let yaml = task.map_or_else(
            || "the workflow's template".to_owned(),
            |task| format!("config/tasks/{}.yaml", task.snake),
        );
        plan.next(format!(
            "Under `step_templates` in {yaml}, add the step:\n- name: {module}{depends}\n  handler_class: {class}"
        ));
        plan.next(format!(
            "`cargo test {module}` runs its test; it needs `tokio` with the features `macros` and `rt`."
        ));
        Ok((plan, self.target))
    }
}

/// What a template calls the handler.
pub(super) fn class(module_namespace: Option<&str>, step: &Name) -> anyhow::Result<String> {
    let handler = step.with_ending("a step", "Handler")?;
    Ok(match module_namespace {
        Some(module) => format!("{module}::StepHandler::{handler}"),
        None => handler,
    })
}

/// The handler's source.
pub(super) fn text(
    step: &Name,
    words: &str,
    before: Option<&str>,
    events: &[String],
) -> anyhow::Result<String> {
    let events: Vec<Value> = events.iter().map(|event| context! { name => event }).collect();
    let handler = step.with_ending("a step", "Handler")?;
    fill("step_handler.rs", context! { name => step.snake, words, handler, before, events })
}
