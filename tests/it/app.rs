//! An engine on a database of its own, with scripted handlers and a clock that is moved by hand.

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use tasker::{
    auth::Subject,
    data::{Database, Kind, Primary, entity, load, log, named_task},
    metrics::Metrics,
    model::{
        event::Recorded,
        id::{StepId, TaskId},
        status::Status,
        task::{Command, Task},
        template::{Limits, Templates},
        time::Timestamp,
    },
    orchestration::{
        Clock, Created, Engine, Error, HttpClients, Parts, Settings, TaskRequest, handler::Handlers,
    },
    telemetry::Tracer,
    testing,
};

use crate::{
    place::Place,
    script::{Answer, Call, Scripted, Scripts},
    story,
};

/// Real time after which a test that waits has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct TestApp {
    pub engine: Engine,
    pub database: Database,
    primary: Primary,
    pub clock: Clock,
    scripts: Scripts,
    settings: Settings,
    outside: Outside,
    templates: Templates,
    /// Classes `remote.…` that a later start knows.
    learned: Vec<String>,
    // Dropped last.
    _place: Place,
}

/// What is around an engine.
#[derive(Clone)]
pub struct Outside {
    pub http: HttpClients,
    /// For `${NAME}`.
    pub variables: Vec<(String, String)>,
    pub tracer: Tracer,
}

impl Default for Outside {
    fn default() -> Self {
        Self { http: HttpClients::default(), variables: Vec::new(), tracer: Tracer::off() }
    }
}

impl Outside {
    fn variable(&self, name: &str) -> Option<String> {
        self.variables.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone())
    }
}

/// One handler's script.
pub struct HandlerScript<'a> {
    scripts: &'a Scripts,
    class: &'a str,
}

impl HandlerScript<'_> {
    /// In this order, one an attempt; afterwards it answers `{}`.
    pub fn answers(&self, answers: impl IntoIterator<Item = Answer>) {
        self.scripts.answers(self.class, answers);
    }
}

impl TestApp {
    /// With these templates, separated by `---`. Every `handler_class` in them is scripted, but for `tasker.…` and
    /// `remote.…`.
    pub async fn start(place: Place, templates: &str) -> Self {
        Self::with(place, templates, |_| ()).await
    }

    pub async fn with(place: Place, templates: &str, set: impl FnOnce(&mut Settings)) -> Self {
        Self::outside(place, templates, Outside::default(), set).await
    }

    pub async fn outside(
        place: Place,
        templates: &str,
        outside: Outside,
        set: impl FnOnce(&mut Settings),
    ) -> Self {
        let mut settings = Settings { lease_ttl: Duration::from_secs(60), ..Settings::default() };
        set(&mut settings);
        let database = place.open().await;
        let clock = Clock::manual(Timestamp(1_800_000_000_000_000));
        let templates = read_with(templates, &|name| outside.variable(name));
        for template in templates.iter() {
            named_task::store(&database, template, true, clock.now()).await.expect("the template is stored");
        }
        let scripts = Scripts::default();
        let primary = Primary::lazy(&place.url, 2, PATIENCE).expect("an address");
        let engine = begin(&database, &primary, &templates, &settings, &outside, &scripts, &clock, &[]).await;
        let app = Self {
            engine,
            database,
            primary,
            clock,
            scripts,
            settings,
            outside,
            templates,
            learned: Vec::new(),
            _place: place,
        };
        app.run_until_idle().await;
        app
    }

    pub fn handler<'a>(&'a self, class: &'a str) -> HandlerScript<'a> {
        HandlerScript { scripts: &self.scripts, class }
    }

    /// How handlers were called, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.scripts.calls()
    }

    /// Hanging handlers answer.
    pub async fn let_go(&self) {
        self.scripts.let_go();
        self.run_until_idle().await;
    }

    pub async fn create(&self, request: TaskRequest) -> Result<Created, Error> {
        self.engine.create_task(&Subject::anonymous(), request).await
    }

    pub async fn create_task(&self, name: &str, context: Value) -> TaskId {
        TaskId(self.create(TaskRequest::new(name, context)).await.expect("the task is created").task.id)
    }

    /// Creates a task and waits until nothing more happens.
    pub async fn run_task(&self, name: &str, context: Value) -> TaskId {
        let task = self.create_task(name, context).await;
        self.run_until_idle().await;
        task
    }

    pub async fn command(&self, task: TaskId, command: Command) -> Result<(), Error> {
        self.engine.command(&Subject::named("ada"), task, command, Some("because".into())).await
    }

    /// A command that is carried out, and everything that follows from it.
    pub async fn done(&self, task: TaskId, command: Command) {
        self.command(task, command).await.expect("the command is carried out");
        self.run_until_idle().await;
    }

    /// A command that is refused: with what words.
    pub async fn refused(&self, task: TaskId, command: Command) -> String {
        let answer = self.command(task, command).await.expect_err("the command is refused").to_string();
        self.run_until_idle().await;
        answer
    }

    /// Moves the clock and waits until nothing more happens.
    pub async fn advance(&self, duration: Duration) {
        self.clock.advance(duration);
        self.run_until_idle().await;
    }

    pub async fn advance_secs(&self, seconds: f64) {
        self.advance(Duration::from_secs_f64(seconds)).await;
    }

    /// Nothing will happen until time passes, a hanging handler is let go, or somebody acts.
    pub async fn run_until_idle(&self) {
        run_until_idle(&self.engine, &self.scripts).await;
    }

    /// The node is gone, as by `kill -9`; its lease has run out; another one starts.
    pub async fn crash(&mut self) {
        self.engine.abandon().await;
        self.expire_leases().await;
        self.begin().await;
    }

    /// Another node starts beside this one, and is the one that is asked from now on.
    pub async fn join(&mut self) -> Engine {
        let Self { database, primary, templates, settings, outside, scripts, clock, learned, .. } = self;
        let second = begin(database, primary, templates, settings, outside, scripts, clock, learned).await;
        std::mem::replace(&mut self.engine, second)
    }

    /// Waits until `task` is `status`, whichever node makes it so.
    pub async fn until(&self, task: TaskId, status: Status) {
        let reached = async {
            while self.status(task).await != status {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let reached = tokio::time::timeout(PATIENCE, reached).await;
        reached.unwrap_or_else(|_| panic!("the task is not {status}"));
    }

    /// Creates tasks, one after the other, until `task` is complete.
    pub async fn create_until_complete(&self, name: &str, task: TaskId) {
        let work = async {
            while self.status(task).await != Status::Complete {
                self.create_task(name, Value::Null).await;
            }
        };
        tokio::time::timeout(PATIENCE, work).await.expect("the task is not complete");
    }

    /// From its next start on, the program knows the handler `class`.
    pub fn learn(&mut self, class: &str) {
        self.learned.push(class.to_owned());
    }

    /// Stops with `grace`, and starts again.
    pub async fn restart(&mut self, grace: Duration) {
        self.engine.stop(grace).await;
        self.begin().await;
    }

    async fn begin(&mut self) {
        let Self { database, primary, templates, settings, outside, scripts, clock, learned, .. } = self;
        self.engine = begin(database, primary, templates, settings, outside, scripts, clock, learned).await;
        self.run_until_idle().await;
    }

    pub async fn expire_leases(&self) {
        if self.database.kind() == Kind::Postgres {
            self.execute("UPDATE tasker_nodes SET lease_until = 0").await;
        }
    }

    pub async fn execute(&self, sql: &str) {
        use sea_orm::ConnectionTrait;
        self.database.upkeep.execute_unprepared(sql).await.expect(sql);
    }

    /// The task in memory as a new owner would load it.
    pub async fn task(&self, task: TaskId) -> Task {
        let rows = load::rows(&self.database, &[task]).await.expect("readable").pop().expect("the task");
        let template = self.engine.pinned_template(&rows.0.digest).await.expect("its template");
        load::task(rows, template).expect("readable")
    }

    pub async fn row(&self, task: TaskId) -> entity::task::Model {
        load::rows(&self.database, &[task]).await.expect("readable").pop().expect("the task").0
    }

    pub async fn status(&self, task: TaskId) -> Status {
        load::status(&self.row(task).await.status).expect("a status")
    }

    pub async fn step(&self, task: TaskId, name: &str) -> tasker::model::step::Step {
        let task = self.task(task).await;
        let no = task.template.step_no(name).expect("the step");
        task.step(no).clone()
    }

    pub async fn step_id(&self, task: TaskId, name: &str) -> StepId {
        self.step(task, name).await.id
    }

    pub async fn events(&self, task: TaskId) -> Vec<Recorded> {
        log::of_task(&self.database, &[task], 1_000_000).await.expect("readable")
    }

    pub async fn story(&self, task: TaskId) -> String {
        let rows = load::rows(&self.database, &[task]).await.expect("readable").pop().expect("the task");
        let steps: Vec<String> = rows.1.into_iter().map(|step| step.name).collect();
        story::of(&steps, &self.events(task).await)
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        // The lease's thread ends with it.
        self.engine.stopping().cancel();
    }
}

/// Nothing will happen in `engine` until time passes, a hanging handler is let go, or somebody acts.
pub async fn run_until_idle(engine: &Engine, scripts: &Scripts) {
    if let Err(goes_on) = testing::run_until_idle(engine, || scripts.held(), PATIENCE).await {
        panic!("the engine does not come to rest: {goes_on:?}, {} hang", scripts.held());
    }
}

/// Templates from texts separated by `---`.
pub fn read(texts: &str) -> Templates {
    read_with(texts, &|_| None)
}

fn read_with(texts: &str, variables: &dyn Fn(&str) -> Option<String>) -> Templates {
    let files: Vec<(String, String)> = texts
        .split("\n---\n")
        .enumerate()
        .map(|(no, text)| (format!("{no}.yaml"), text.to_owned()))
        .collect();
    let (templates, problems) = Templates::read(&files, "test", variables, Limits::default());
    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(templates.len() == files.len(), "{}", problems.join("\n"));
    templates
}

#[expect(clippy::too_many_arguments, reason = "what an engine is made of")]
async fn begin(
    database: &Database,
    primary: &Primary,
    templates: &Templates,
    settings: &Settings,
    outside: &Outside,
    scripts: &Scripts,
    clock: &Clock,
    learned: &[String],
) -> Engine {
    let mut handlers = Handlers::new();
    for class in templates.iter().flat_map(|template| &template.steps).map(|step| &step.handler_class) {
        let scripted = !class.starts_with("tasker.") && !class.starts_with("remote.");
        if scripted || learned.contains(class) {
            let scripted = Scripted { class: class.clone(), scripts: scripts.clone() };
            handlers.add_step(class.clone(), Arc::new(scripted));
        }
    }
    let parts = Parts {
        database: database.clone(),
        primary: primary.clone(),
        templates: templates.clone(),
        handlers,
        settings: settings.clone(),
        http: outside.http.clone(),
        node: "test".into(),
        variables: {
            let outside = outside.clone();
            Arc::new(move |name| outside.variable(name))
        },
        metrics: Metrics::new(),
        tracer: outside.tracer.clone(),
        clock: clock.clone(),
    };
    Engine::start(parts).await.expect("the engine starts")
}
