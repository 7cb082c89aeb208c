//! One step handler by itself: no engine, no database, no task.

use std::{collections::BTreeMap, fmt, path::Path, sync::Arc, time::Duration};

use sea_orm::DatabaseConnection;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::source::Source;
use crate::{
    model::{
        failure::Failure,
        id::{StepId, StepNo},
        outcome::{Answer, Outcome},
        template::{Template, resolve},
    },
    orchestration::handler::{Alone, StepHandler},
};

/// What the step is called where nothing says so.
const STEP: &str = "step";

/// Collects what a handler is called with.
///
/// ```
/// use tasker::{prelude::*, testing::StepTest};
///
/// struct Charge;
///
/// #[tasker::async_trait]
/// impl StepHandler for Charge {
///     async fn process(&self, _: &TaskView, sequence: &Sequence, step: &StepView) -> Result<Value, StepError> {
///         let total = sequence.results("fetch_order", "total").ok_or_else(|| StepError::permanent("no total"))?;
///         step.publish("payment.processed", json!({ "amount": total }))?;
///         Ok(json!({ "charged": total }))
///     }
/// }
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let test = StepTest::new(Charge).declares("payment.processed");
/// let run = test.clone().results("fetch_order", json!({ "total": 12 })).run().await;
/// assert_eq!(run.results(), &json!({ "charged": 12 }));
/// assert_eq!(run.published("payment.processed"), [json!({ "amount": 12 })]);
///
/// let run = test.run().await;
/// assert_eq!(run.error().message, "no total");
/// # });
/// ```
#[derive(Clone)]
#[must_use = "the handler is called by run()"]
pub struct StepTest {
    handler: Arc<dyn StepHandler>,
    /// A step of a real template, in the place of one that is made up.
    real: Option<(Arc<Template>, StepNo)>,
    name: String,
    context: Value,
    inputs: Option<Value>,
    config: Option<Value>,
    results: BTreeMap<String, Value>,
    earlier: Option<Value>,
    declared: Vec<String>,
    attempt: u32,
    id: StepId,
    timeout: Option<Duration>,
    cancelled: CancellationToken,
    primary: DatabaseConnection,
}

impl StepTest {
    /// The first attempt of a step without configuration, in a task whose context is `{}`.
    pub fn new(handler: impl StepHandler) -> Self {
        Self {
            handler: Arc::new(handler),
            real: None,
            name: STEP.to_owned(),
            context: json!({}),
            inputs: None,
            config: None,
            results: BTreeMap::new(),
            earlier: None,
            declared: Vec::new(),
            attempt: 1,
            id: StepId::new(),
            timeout: None,
            cancelled: CancellationToken::new(),
            primary: DatabaseConnection::default(),
        }
    }

    /// As the step `step` of a template: with its configuration, its declared events, its limit, beside its other steps.
    /// `${VAR}` is looked up in `variables`.
    ///
    /// # Panics
    ///
    /// When the template has mistakes, all of which are said, or no such step.
    #[track_caller]
    pub fn of_template(mut self, path: impl AsRef<Path>, step: &str, variables: &[(&str, &str)]) -> Self {
        let mut source = Source::new();
        source.add_file(path.as_ref());
        source.variables =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let templates =
            source.read().unwrap_or_else(|problems| panic!("{:?}", super::Error::Templates(problems)));
        let Some(template) = templates.iter().next().cloned() else {
            panic!("{} holds no template", path.as_ref().display())
        };
        let no = place(&template, step);
        let config = resolve(&template.step(no).handler_config, &|name| source.variables.get(name).cloned());
        self.config = Some(config.unwrap_or_else(|unresolved| panic!("handler_config.{unresolved}")));
        self.name = step.to_owned();
        self.real = Some((template, no));
        self
    }

    /// What the step is called; `step` without it.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The task's context.
    pub fn context(mut self, context: Value) -> Self {
        self.context = context;
        self
    }

    /// The step's own input, where an operator has changed it; the context without it.
    pub fn inputs(mut self, inputs: Value) -> Self {
        self.inputs = Some(inputs);
        self
    }

    /// What an earlier step has left.
    pub fn results(mut self, step: impl Into<String>, results: Value) -> Self {
        self.results.insert(step.into(), results);
        self
    }

    /// What an earlier attempt of this step has left, in spite of its failure.
    pub fn earlier_results(mut self, results: Value) -> Self {
        self.earlier = Some(results);
        self
    }

    /// The step's `handler_config`, its variables resolved.
    pub fn config(mut self, config: Value) -> Self {
        self.config = Some(config);
        self
    }

    /// The template declares this event: the handler may publish it. What the handler itself declares is known.
    pub fn declares(mut self, event: impl Into<String>) -> Self {
        self.declared.push(event.into());
        self
    }

    /// Which attempt it is, from one.
    pub const fn attempt(mut self, attempt: u32) -> Self {
        self.attempt = attempt;
        self
    }

    /// The idempotency key that the handler gets. It is the same for every run of one test, as for every attempt of a step.
    pub const fn id(mut self, id: StepId) -> Self {
        self.id = id;
        self
    }

    /// How long it may take, in real time.
    pub const fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// The handler is told through this that its answer will not count.
    pub fn cancelled(mut self, token: CancellationToken) -> Self {
        self.cancelled = token;
        self
    }

    /// The application's own database, for a handler that asks for `task.primary_database()`. Without it what that answers
    /// with is not connected.
    pub fn primary_database(mut self, connection: DatabaseConnection) -> Self {
        self.primary = connection;
        self
    }

    /// Calls the handler as the engine does: a panic, a limit that was passed, results that can't be stored are failures.
    ///
    /// # Panics
    ///
    /// When a step is named that the template does not have, or a name can't be one.
    pub async fn run(self) -> StepRun {
        let (template, no) = self.template();
        let results =
            self.results.into_iter().map(|(step, results)| (place(&template, &step), results)).collect();
        let context = Arc::new(self.context);
        let alone = Alone {
            no,
            id: self.id,
            attempt: self.attempt,
            inputs: self.inputs.map_or_else(|| context.clone(), Arc::new),
            context,
            handler_config: self.config.unwrap_or_else(|| json!({})),
            results,
            earlier: self.earlier,
            cancelled: self.cancelled,
            primary: self.primary.into(),
            template,
        };
        StepRun { answer: alone.call(self.handler).answer().await }
    }

    /// The real one, or one that is made up; with what was said about its step.
    fn template(&self) -> (Arc<Template>, StepNo) {
        let (mut template, no) = match &self.real {
            Some((template, no)) => (Template::clone(template), *no),
            None => {
                let template = made_up(&self.name, self.results.keys(), &self.declared);
                let no = place(&template, &self.name);
                (template, no)
            }
        };
        if let Some(limit) = self.timeout {
            template.steps[no.index()].timeout = limit;
        }
        (Arc::new(template), no)
    }
}

/// The steps whose results are given, then the one that is tested, which waits for all of them.
fn made_up<'a>(step: &str, earlier: impl Iterator<Item = &'a String>, declared: &[String]) -> Template {
    let earlier: Vec<&String> = earlier.filter(|name| *name != step).collect();
    let mut steps: Vec<Value> =
        earlier.iter().map(|name| json!({ "name": name, "handler_class": "tasker.noop" })).collect();
    steps.push(json!({ "name": step, "handler_class": "tested", "depends_on_steps": earlier }));
    let events: Vec<Value> =
        declared.iter().map(|name| json!({ "name": name, "description": "declared by the test" })).collect();
    let mut source = Source::new();
    source.add_text(&json!({ "name": "test", "step_templates": steps, "custom_events": events }).to_string());
    let templates =
        source.read().unwrap_or_else(|problems| panic!("{:?}", super::Error::Templates(problems)));
    templates.iter().next().map(|template| Template::clone(template)).expect("one text makes one template")
}

#[track_caller]
fn place(template: &Template, step: &str) -> StepNo {
    template.step_no(step).unwrap_or_else(|| {
        let names: Vec<&str> = template.steps.iter().map(|step| step.name.as_str()).collect();
        panic!("{} has no step {step:?}; it has {}", template.full_name(), names.join(", "))
    })
}

/// What a handler answered, and what it published.
#[derive(PartialEq)]
pub struct StepRun {
    answer: Answer,
}

impl StepRun {
    /// What it leaves for its dependents.
    ///
    /// # Panics
    ///
    /// When it failed.
    #[track_caller]
    pub fn results(&self) -> &Value {
        match &self.answer.outcome {
            Outcome::Completed { results } => results,
            Outcome::Failed { .. }
            | Outcome::Asleep { .. }
            | Outcome::Released(_)
            | Outcome::CircuitOpen { .. } => {
                panic!("the handler left no results: it {self:?}")
            }
        }
    }

    /// Why it failed.
    ///
    /// # Panics
    ///
    /// When it did not.
    #[track_caller]
    pub fn error(&self) -> &Failure {
        match &self.answer.outcome {
            Outcome::Failed { failure, .. } => failure,
            Outcome::Completed { .. }
            | Outcome::Asleep { .. }
            | Outcome::Released(_)
            | Outcome::CircuitOpen { .. } => {
                panic!("the handler did not fail: it {self:?}")
            }
        }
    }

    /// Another attempt may follow, if the step has one left.
    pub fn may_retry(&self) -> bool {
        matches!(&self.answer.outcome, Outcome::Failed { failure, .. } if failure.kind.may_retry())
    }

    /// The wait that it asked for.
    pub const fn retry_after(&self) -> Option<Duration> {
        match &self.answer.outcome {
            Outcome::Failed { retry_after, .. } => *retry_after,
            Outcome::Completed { .. }
            | Outcome::Asleep { .. }
            | Outcome::Released(_)
            | Outcome::CircuitOpen { .. } => None,
        }
    }

    /// What it left in spite of its failure.
    pub const fn left(&self) -> Option<&Value> {
        match &self.answer.outcome {
            Outcome::Failed { results, .. } => results.as_ref(),
            Outcome::Completed { .. }
            | Outcome::Asleep { .. }
            | Outcome::Released(_)
            | Outcome::CircuitOpen { .. } => None,
        }
    }

    /// Names of the events that it published, in order.
    pub fn event_names(&self) -> Vec<&str> {
        self.answer.published.custom.iter().map(|(name, _)| &**name).collect()
    }

    /// The payloads that it published under this name, in order.
    pub fn published(&self, name: &str) -> Vec<Value> {
        let named = self.answer.published.custom.iter().filter(|(own, _)| **own == *name);
        named.map(|(_, payload)| payload.clone()).collect()
    }

    /// What it adds to the completion event.
    pub const fn completed_extra(&self) -> Option<&Value> {
        self.answer.published.completed.as_ref()
    }
}

/// To be read where an assertion prints it.
impl fmt::Debug for StepRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.answer.outcome {
            Outcome::Completed { results } => write!(f, "completed with {results}")?,
            Outcome::Failed { failure, .. } => write!(f, "failed ({}): {}", failure.kind, failure.message)?,
            Outcome::Asleep { .. } => f.write_str("fell asleep")?,
            Outcome::Released(reason) => write!(f, "was given back ({})", reason.as_str())?,
            Outcome::CircuitOpen { .. } => f.write_str("was given back (circuit_open)")?,
        }
        for (name, payload) in &self.answer.published.custom {
            write!(f, "; published {name} {payload}")?;
        }
        Ok(())
    }
}
