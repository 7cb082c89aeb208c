//! The engine: one value with every verb. Cheap to clone.

use std::sync::Arc;

use tokio::{sync::Semaphore, time::Instant};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Clock,
    activity::Count,
    capacity::Capacity,
    command::Left,
    create::KeyLocks,
    handler::{ApiStep, Handlers, Http, HttpClients, Registered},
    pinned::Pinned,
    runs::Runs,
    standing::Standing,
    supervise::Failure,
    wakes::Wakes,
};
use crate::{
    config::Orchestration,
    data::{
        Database, Error, Primary,
        journal::{self, Journal},
        log::EventLog,
        node::{self, Identity},
    },
    events::{Catalogue, Local},
    metrics::Metrics,
    model::template::Templates,
    telemetry::Tracer,
};

/// How the engine runs tasks.
pub type Settings = Orchestration;

/// Looks up a variable for `${VAR}` in a `handler_config`.
pub type Lookup = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What an engine is made of.
pub struct Parts {
    /// Where tasks are stored; migrated.
    pub database: Database,
    /// The application's database, for its handlers.
    pub primary: Primary,
    /// What can be run; stored.
    pub templates: Templates,
    /// The code of the steps.
    pub handlers: Handlers,
    /// How.
    pub settings: Settings,
    /// What HTTP steps ask with.
    pub http: HttpClients,
    /// What this node is called; for people.
    pub node: String,
    /// For `${VAR}` in a `handler_config`.
    pub variables: Lookup,
    /// What is counted.
    pub metrics: Metrics,
    /// What is traced.
    pub tracer: Tracer,
    /// What time it is.
    pub clock: Clock,
}

/// The verbs, and the tasks that run on this node.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    database: Database,
    primary: Primary,
    journal: Journal,
    log: EventLog,
    local: Local,
    catalogue: Catalogue,
    templates: Templates,
    pinned: Pinned,
    handlers: Handlers,
    settings: Settings,
    http: Http,
    variables: Lookup,
    metrics: Metrics,
    tracer: Tracer,
    clock: Clock,
    name: String,
    standing: Standing,
    capacity: Capacity,
    runs: Runs,
    wakes: Wakes,
    keys: KeyLocks,
    left: Left,
    suspects: Arc<Semaphore>,
    signals: Signals,
    work: TaskTracker,
}

/// What the tasks of a node are told when it stops.
pub(super) struct Signals {
    /// Start nothing new.
    pub(super) draining: CancellationToken,
    /// Give back what still runs.
    pub(super) release: CancellationToken,
    /// Everything is given back: not even the lease is needed.
    pub(super) stopped: CancellationToken,
    /// Threads with connections that they close.
    pub(super) threads: TaskTracker,
    /// Why the node can't go on.
    pub(super) failure: Failure,
    /// Runs that wait for something to happen.
    pub(super) waiting: Count,
    /// Attempts whose answer has not been taken in.
    pub(super) attempts: Count,
    /// The claimer, while it looks for free tasks.
    pub(super) claiming: Count,
}

impl Engine {
    /// Registers the node, takes over what dead ones left, and begins to run what is due.
    pub async fn start(parts: Parts) -> Result<Self, Error> {
        let Parts {
            database,
            primary,
            templates,
            handlers,
            settings,
            http,
            node,
            variables,
            metrics,
            tracer,
            clock,
        } = parts;
        let began = Instant::now();
        let identity = node::register(&database, &node, settings.lease_ttl).await?;
        let taken = node::take_over(&database, Some(identity.id)).await?;
        metrics.recoveries.inc_by(taken);
        let log = EventLog::open(&database).await?;
        let queue = journal::Settings {
            queue: settings.journal_queue,
            flush_rows: settings.journal_flush_rows,
            patience: settings.lease_ttl / 3,
        };
        let journal = Journal::start(&database, identity, queue, log.clone(), metrics.clone()).await?;
        let signals = Signals {
            draining: CancellationToken::new(),
            release: CancellationToken::new(),
            stopped: CancellationToken::new(),
            threads: TaskTracker::new(),
            failure: Failure::default(),
            waiting: Count::default(),
            attempts: Count::default(),
            claiming: Count::default(),
        };
        let inner = Inner {
            pinned: Pinned::of(&templates),
            capacity: Capacity::new(settings.max_tasks_in_memory),
            runs: Runs::default(),
            wakes: Wakes::new(),
            keys: KeyLocks::default(),
            left: Left::default(),
            suspects: Arc::new(Semaphore::new(1)),
            work: TaskTracker::new(),
            standing: Standing::new(identity),
            local: Local::default(),
            catalogue: super::catalogue(&templates, &handlers),
            http: Http::new(http, clock.clone(), metrics.clone(), tracer.clone()),
            name: node,
            signals,
            database,
            primary,
            journal,
            log,
            templates,
            handlers,
            settings,
            variables,
            metrics,
            tracer,
            clock,
        };
        let engine = Self { inner: Arc::new(inner) };
        engine.wake_known(None).await?;
        engine.keep_journal();
        engine.keep_log();
        engine.keep_lease(began)?;
        engine.keep_claiming();
        engine.keep_carrying();
        Ok(engine)
    }

    /// Told when the node stops.
    pub fn stopping(&self) -> &CancellationToken {
        &self.inner.signals.draining
    }

    /// Where tasks are stored.
    pub fn database(&self) -> &Database {
        &self.inner.database
    }

    /// The application's database, for its handlers.
    pub fn primary(&self) -> &Primary {
        &self.inner.primary
    }

    /// What happens.
    pub fn log(&self) -> &EventLog {
        &self.inner.log
    }

    /// Events of this process alone, for who wants to listen.
    pub fn local(&self) -> &Local {
        &self.inner.local
    }

    /// Every event there is, here.
    pub fn catalogue(&self) -> &Catalogue {
        &self.inner.catalogue
    }

    /// The one writer.
    pub fn journal(&self) -> &Journal {
        &self.inner.journal
    }

    /// What can be run here.
    pub fn templates(&self) -> &Templates {
        &self.inner.templates
    }

    /// The code of the steps.
    pub fn handlers(&self) -> &Handlers {
        &self.inner.handlers
    }

    /// How tasks are run.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// What is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// Makes spans.
    pub fn tracer(&self) -> &Tracer {
        &self.inner.tracer
    }

    /// What time it is.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// Tasks in memory.
    pub fn tasks_in_memory(&self) -> usize {
        self.inner.capacity.taken()
    }

    /// What this node signs its writes with.
    pub fn identity(&self) -> Identity {
        self.inner.standing.identity()
    }

    pub(super) fn standing(&self) -> &Standing {
        &self.inner.standing
    }

    pub(super) fn name(&self) -> &str {
        &self.inner.name
    }

    /// The handler of an HTTP step; `class` looks at the answer, where this program has it.
    pub(super) fn api_step(&self, class: Option<Registered>) -> Registered {
        let (class, declared) = match class {
            Some(Registered { handler, declared, .. }) => (Some(handler), declared),
            None => (None, Arc::default()),
        };
        let (http, variables) = (self.inner.http.clone(), self.inner.variables.clone());
        Registered::of(Arc::new(ApiStep { http, variables, class }), declared)
    }

    pub(super) fn variable(&self, name: &str) -> Option<String> {
        (self.inner.variables)(name)
    }

    pub(super) fn pinned(&self) -> &Pinned {
        &self.inner.pinned
    }

    pub(super) fn capacity(&self) -> &Capacity {
        &self.inner.capacity
    }

    pub(super) fn runs(&self) -> &Runs {
        &self.inner.runs
    }

    pub(super) fn wakes(&self) -> &Wakes {
        &self.inner.wakes
    }

    pub(super) fn left(&self) -> &Left {
        &self.inner.left
    }

    pub(super) fn keys(&self) -> &KeyLocks {
        &self.inner.keys
    }

    pub(super) fn suspects(&self) -> &Arc<Semaphore> {
        &self.inner.suspects
    }

    pub(super) fn signals(&self) -> &Signals {
        &self.inner.signals
    }

    pub(super) fn work(&self) -> &TaskTracker {
        &self.inner.work
    }

    fn keep_log(&self) {
        let log = self.log().clone();
        self.keep("events can't be followed any more", async move { log.keep_up().await });
        let (engine, log) = (self.clone(), self.log().clone());
        let stop = self.signals().draining.clone();
        let hears = async move { log.hear_others(|| engine.identity().id, || engine.left().look()).await };
        tokio::spawn(async move { stop.run_until_cancelled(hears).await });
    }
}
