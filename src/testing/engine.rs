//! An engine on a database of its own, whose clock a test moves.

use std::time::Duration;

use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter};
use serde_json::Value;
use tempfile::TempDir;

use super::{Answer, Call, Error, Story, TaskReport, error::Result, run_until_idle, script::Scripts};
use crate::{
    auth::Subject,
    data::{Database, entity, load, log, migrate, named_task},
    metrics::Metrics,
    model::{id::TaskId, status::Status, task::Task, template::Templates, time::Timestamp},
    orchestration::{Clock, Engine, HttpClients, Lookup, Parts, Settings, TaskRequest, handler::Handlers},
    telemetry::Tracer,
};

/// When every test begins: the morning of 15 January 2027.
const BEGINNING: Timestamp = Timestamp(1_800_000_000_000_000);

/// Connections that read.
const READERS: u32 = 4;

/// What it is started with.
pub(super) struct Setup {
    pub(super) templates: Templates,
    pub(super) handlers: Handlers,
    pub(super) scripts: Scripts,
    pub(super) settings: Settings,
    pub(super) http: HttpClients,
    pub(super) subject: Subject,
    pub(super) patience: Duration,
    pub(super) primary: DatabaseConnection,
    pub(super) variables: Lookup,
}

/// An engine that runs, made by [`TestKit::start`](super::TestKit::start).
///
/// Nothing moves on by itself but what is due: time stands still between calls of [`Self::advance`].
#[must_use = "the engine stops when it is dropped"]
pub struct TestEngine {
    engine: Engine,
    database: Database,
    clock: Clock,
    pub(super) setup: Setup,
    // Dropped last.
    _folder: TempDir,
}

impl TestEngine {
    pub(super) async fn start(setup: Setup) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("tasker-test-").tempdir().map_err(Error::Folder)?;
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("tasker.db").display());
        let database = Database::open(&url, READERS, setup.patience).await?;
        migrate::migrate(&database).await?;
        let clock = Clock::manual(BEGINNING);
        for template in setup.templates.iter() {
            named_task::store(&database, template, true, clock.now()).await?;
        }
        let engine = begin(&database, &clock, &setup).await?;
        let this = Self { engine, database, clock, setup, _folder: folder };
        this.run_until_idle().await?;
        Ok(this)
    }

    /// Creates a task of the template `name`, of its highest version in the namespace `default`; or as
    /// `namespace/name`, or `namespace/name@version`.
    pub async fn create(&self, name: &str, context: Value) -> Result<TaskId> {
        let (namespace, name) = match name.split_once('/') {
            Some((namespace, name)) => (Some(namespace.to_owned()), name),
            None => (None, name),
        };
        let (name, version) = match name.split_once('@') {
            Some((name, version)) => (name, Some(version.to_owned())),
            None => (name, None),
        };
        self.request(TaskRequest { namespace, version, ..TaskRequest::new(name, context) }).await
    }

    /// Creates a task as asked. A repeated request answers with the first task.
    pub async fn request(&self, request: TaskRequest) -> Result<TaskId> {
        let created = self.engine.create_task(&self.setup.subject, request).await?;
        Ok(TaskId(created.task.id))
    }

    /// Creates a task, runs it until nothing more happens by itself, with no time passing, and answers what became of it.
    pub async fn run(&self, name: &str, context: Value) -> Result<TaskReport> {
        let task = self.create(name, context).await?;
        self.run_until_idle().await?;
        self.task(task).await
    }

    /// Waits until nothing more happens, with no time passing: what is left waits for time or for somebody.
    pub async fn run_until_idle(&self) -> Result {
        let patience = self.setup.patience;
        let idle = run_until_idle(&self.engine, || self.setup.scripts.held(), patience).await;
        if idle.is_ok() {
            return Ok(());
        }
        Err(Error::Restless { patience, running: self.running().await? })
    }

    /// Moves the clock on, at once, and waits until nothing more happens.
    pub async fn advance(&self, duration: Duration) -> Result {
        self.clock.advance(duration);
        self.run_until_idle().await
    }

    /// [`Self::advance`], in seconds.
    ///
    /// # Panics
    ///
    /// When the number is negative, too large or no number.
    pub async fn advance_secs(&self, seconds: f64) -> Result {
        self.advance(Duration::from_secs_f64(seconds)).await
    }

    /// Moves the clock from one retry, sleep or delay of the task to the next, until it rests or waits for somebody. The
    /// task's own time limit still holds.
    pub async fn run_to_rest(&self, task: TaskId) -> Result<TaskReport> {
        self.run_until_idle().await?;
        loop {
            let (now, report) = (self.clock.now(), self.task(task).await?);
            let Some(next) = report.next_wake(now) else { return Ok(report) };
            self.advance(next.since(now)).await?;
        }
    }

    /// What has become of a task.
    pub async fn task(&self, task: TaskId) -> Result<TaskReport> {
        let events = log::of_task(&self.database, &[task], u64::from(u32::MAX)).await?;
        Ok(TaskReport::new(self.loaded(task).await?, events))
    }

    /// What has become of a task, to be read.
    pub async fn story(&self, task: TaskId) -> Result<Story> {
        Ok(self.task(task).await?.story())
    }

    /// How scripted handlers were called, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.setup.scripts.calls()
    }

    /// Adds to the script of a `handler_class` that has one.
    ///
    /// # Panics
    ///
    /// When it has none: [`TestKit::script`](super::TestKit::script) gives it one, before the start.
    #[track_caller]
    pub fn script(&self, class: &str, answers: impl IntoIterator<Item = Answer>) {
        assert!(
            self.setup.scripts.has(class),
            "{class} has no script to add to: give it one with TestKit::script before the start"
        );
        self.setup.scripts.add(class, answers);
    }

    /// Scripts that hang answer now.
    pub async fn let_go(&self) -> Result {
        self.setup.scripts.let_go();
        self.run_until_idle().await
    }

    /// The process dies as by `kill -9` and another one takes its place: what ran is tried again, unless it must not be.
    pub async fn crash(&mut self) -> Result {
        self.engine.abandon().await;
        self.engine = begin(&self.database, &self.clock, &self.setup).await?;
        self.run_until_idle().await
    }

    /// The engine itself, for verbs that are not here.
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The time, by the test's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) async fn loaded(&self, task: TaskId) -> Result<Task> {
        let rows = load::rows(&self.database, &[task]).await?.pop().ok_or(Error::UnknownTask(task))?;
        let template = self.engine.pinned_template(&rows.0.digest).await?;
        Ok(load::task(rows, template)?)
    }

    /// What is being processed, for people.
    async fn running(&self) -> Result<String> {
        let running = entity::step::Entity::find()
            .filter(entity::step::Column::Status.eq(Status::InProgress.as_str()))
            .all(&self.database.reader)
            .await
            .map_err(crate::data::Error::from)?;
        let names: Vec<String> =
            running.iter().map(|step| format!("step {} (attempt {})", step.name, step.attempts)).collect();
        Ok(if names.is_empty() { format!("{:?}", self.engine.activity()) } else { names.join(", ") })
    }
}

impl Drop for TestEngine {
    fn drop(&mut self) {
        self.engine.stopping().cancel();
    }
}

async fn begin(database: &Database, clock: &Clock, setup: &Setup) -> Result<Engine> {
    let parts = Parts {
        database: database.clone(),
        templates: setup.templates.clone(),
        handlers: setup.handlers.clone(),
        settings: setup.settings.clone(),
        http: setup.http.clone(),
        node: "test".to_owned(),
        variables: setup.variables.clone(),
        metrics: Metrics::new(),
        primary: setup.primary.clone().into(),
        tracer: Tracer::off(),
        clock: clock.clone(),
    };
    Ok(Engine::start(parts).await?)
}
