//! What a test begins with: templates, handlers, scripts.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
    time::Duration,
};

use sea_orm::DatabaseConnection;
use serde_json::json;

use super::{
    Answer, Error, TestEngine,
    engine::Setup,
    error::Result,
    script::{Scripted, Scripts, ok},
    source::Source,
};
use crate::{
    app::Builder,
    auth::Subject,
    config::HttpSteps,
    model::template::{CustomEvent, StepTemplate, Templates},
    orchestration::{
        HttpClients, Settings,
        handler::{Found, Handlers, StepHandler, TaskHandler},
    },
};

/// Real time after which a test that waits has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// Collects what a test runs. Mistakes in it are said all at once, by [`Self::start`].
#[derive(Clone)]
#[must_use = "nothing runs before it is started"]
pub struct TestKit {
    source: Source,
    handlers: Handlers,
    scripts: BTreeMap<String, Vec<Answer>>,
    others_succeed: bool,
    settings: Settings,
    http: HttpSteps,
    subject: Subject,
    patience: Duration,
    primary: DatabaseConnection,
}

impl Default for TestKit {
    fn default() -> Self {
        Self::new()
    }
}

impl TestKit {
    /// With the built-in handlers, no templates, in the environment `test`.
    pub fn new() -> Self {
        Self::with(Handlers::new())
    }

    /// With the handlers that an application registers. Its subscribers are told of nothing by themselves:
    /// [`TaskReport::tell`](super::TaskReport::tell) does it.
    pub fn of(application: Builder) -> Self {
        Self::with(application.into_extensions().handlers)
    }

    fn with(handlers: Handlers) -> Self {
        Self {
            source: Source::new(),
            handlers,
            scripts: BTreeMap::new(),
            others_succeed: false,
            settings: Settings::default(),
            http: HttpSteps::default(),
            subject: Subject::anonymous(),
            patience: PATIENCE,
            primary: DatabaseConnection::default(),
        }
    }

    /// Adds a template, as YAML.
    pub fn template(mut self, text: &str) -> Self {
        self.source.add_text(text);
        self
    }

    /// Adds a template's file. Tests run in the folder of their package's `Cargo.toml`.
    pub fn template_file(mut self, path: impl AsRef<Path>) -> Self {
        self.source.add_file(path.as_ref());
        self
    }

    /// Adds every template below a folder, such as `config/tasks`.
    pub fn templates(mut self, folder: impl AsRef<Path>) -> Self {
        self.source.add_folder(folder.as_ref());
        self
    }

    /// Whose overrides of the templates count; `test` without it.
    pub fn environment(mut self, name: impl Into<String>) -> Self {
        self.source.environment = name.into();
        self
    }

    /// What `${name}` stands for. The variables of the process are not looked at, so that a test is the same everywhere.
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.source.variables.insert(name.into(), value.into());
        self
    }

    /// `handler` runs the steps whose `handler_class` is `class`.
    pub fn step_handler(mut self, class: impl Into<String>, handler: impl StepHandler) -> Self {
        self.handlers.add_step(class, Arc::new(handler));
        self
    }

    /// `handler` has the hooks of the tasks whose `task_handler_class` is `class`.
    pub fn task_handler(mut self, class: impl Into<String>, handler: impl TaskHandler) -> Self {
        self.handlers.add_task(class, Arc::new(handler));
        self
    }

    /// Steps of this `handler_class` answer as told, one answer an attempt, in place of the real handler or HTTP call. The
    /// attempt after the last answer fails, unless that is [`Answer::always`]. An HTTP step without a class goes by its
    /// name.
    pub fn script(mut self, class: impl Into<String>, answers: impl IntoIterator<Item = Answer>) -> Self {
        self.scripts.entry(class.into()).or_default().extend(answers);
        self
    }

    /// Every step that has no handler here succeeds with `{}`, and so does every HTTP step, which asks nobody then. Without
    /// this it waits for a worker, as in the service, and HTTP steps make their requests.
    pub fn others_succeed(mut self) -> Self {
        self.others_succeed = true;
        self
    }

    /// Other settings of the engine than the defaults.
    pub fn settings(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        set(&mut self.settings);
        self
    }

    /// Other settings of HTTP steps than the defaults: with `allow_private_networks` they reach a server that the test
    /// starts.
    pub fn http_steps(mut self, set: impl FnOnce(&mut HttpSteps)) -> Self {
        set(&mut self.http);
        self
    }

    /// Who creates tasks and steers them; nobody in particular without it.
    pub fn subject(mut self, subject: Subject) -> Self {
        self.subject = subject;
        self
    }

    /// How long, in real time, real handlers may take before [`TestEngine::run_until_idle`] gives up; a minute without it.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The application's own database, for handlers that ask for `task.primary_database()`. Without it what that answers
    /// with is not connected.
    pub fn primary_database(mut self, connection: DatabaseConnection) -> Self {
        self.primary = connection;
        self
    }

    /// Starts an engine on a database of its own. Both are gone when it is dropped.
    pub async fn start(mut self) -> Result<TestEngine> {
        let templates = self.source.read().map_err(Error::Templates)?;
        if self.others_succeed {
            self.stand_in(&templates);
        }
        self.check_scripts(&templates)?;
        let Self { source, mut handlers, scripts, settings, http, subject, patience, primary, .. } = self;
        let classes: Vec<String> = scripts.keys().cloned().collect();
        let scripts = Scripts::new(scripts);
        for class in classes {
            let event = |name: &String| CustomEvent { name: name.clone(), description: String::new() };
            let declared = handlers.declared(&class).iter().map(event).collect();
            let scripted = Scripted { class: class.clone(), scripts: scripts.clone(), declared };
            handlers.stand_in(class, Arc::new(scripted));
        }
        let http = HttpClients::open(&http, None).map_err(|error| Error::Script(error.to_string()))?;
        let variables = source.variables;
        let variables = Arc::new(move |name: &str| variables.get(name).cloned());
        let setup =
            Setup { templates, handlers, scripts, settings, http, subject, patience, primary, variables };
        TestEngine::start(setup).await
    }

    fn stand_in(&mut self, templates: &Templates) {
        for step in templates.iter().flat_map(|template| &template.steps) {
            // A call is not made by accident.
            if matches!(self.handlers.find(step), Found::Worker | Found::Api(None)) {
                let succeed = || vec![ok(json!({})).always()];
                self.scripts.entry(scripted_as(step).to_owned()).or_insert_with(succeed);
            }
        }
    }

    /// A script that nothing would ask is a slip of the pen.
    fn check_scripts(&self, templates: &Templates) -> Result {
        let steps: Vec<&StepTemplate> = templates.iter().flat_map(|template| &template.steps).collect();
        for class in self.scripts.keys() {
            let mut of_class = steps.iter().filter(|step| scripted_as(step) == class).peekable();
            if of_class.peek().is_none() {
                let classes: BTreeSet<&str> = steps.iter().map(|step| scripted_as(step)).collect();
                let classes = Vec::from_iter(classes).join(", ");
                return Err(Error::Script(format!(
                    "no step has the handler_class {class:?}; there are {classes}"
                )));
            }
            if matches!(of_class.next().map(|step| self.handlers.find(step)), Some(Found::Sleep)) {
                let why = format!("{class} is the engine's own and needs no script: move the clock instead");
                return Err(Error::Script(why));
            }
        }
        Ok(())
    }
}

/// What a script says which steps it is for.
fn scripted_as(step: &StepTemplate) -> &str {
    if step.handler_class.is_empty() { &step.name } else { &step.handler_class }
}
