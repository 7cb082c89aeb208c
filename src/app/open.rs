//! From the settings to an engine that runs.

use std::{io::ErrorKind, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;

use super::{Extensions, authorization::Authorization, routes::Route, sign_in, subscribers, template_files};
use crate::{
    auth::{AuthorizationCoordinator, PolicyCoordinator, Warden, policy},
    config::{Config, Variables, subscribers::SubscriberSettings},
    data::{self, Database, Primary, connect::Kind, lock::EngineLock, migrate, named_task},
    events::{self, Around, Subscribers},
    graphql::{self, Authenticate},
    metrics::Metrics,
    model::template::{Problem, Templates},
    orchestration::{Clock, Engine, HttpClients, Parts, Refusals, handler::Handlers},
    outbound::NoTrust,
    rest,
    telemetry::{NoTraces, Tracer},
};

/// How long a collector may take with what it is sent last.
const FAREWELL: Duration = Duration::from_secs(5);

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database can't be used.
    #[error(transparent)]
    Data(#[from] data::Error),
    /// The application's own database can't be used.
    #[error("database.primary, which handlers work with: {0}")]
    Primary(#[source] data::Error),
    /// Templates have mistakes.
    #[error("{} template problem(s); nothing is started until they are mended:\n{}", .0.len(), lines(.0))]
    Templates(Vec<Problem>),
    /// The policy has mistakes, or there is none.
    #[error("{} policy problem(s); nothing is started until they are mended:\n{}", .0.len(), lines(.0))]
    Policy(Vec<policy::Problem>),
    /// A template changed although its version did not.
    #[error("{0} has other content than the tasks that run under this version; give it a new version")]
    Changed(String),
    /// The address can't be had.
    #[error("{address} can't be listened on: {source}; {}", listen_advice(.source))]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// A field of the GraphQL schema does not say what it needs.
    #[error(transparent)]
    Unguarded(graphql::gate::Incomplete),
    /// The GraphQL schema contradicts itself.
    #[error("the GraphQL schema can't be served")]
    Schema(#[source] async_graphql::parser::Error),
    /// The REST API does not fit the GraphQL schema.
    #[error(transparent)]
    Rest(rest::Contradiction),
    /// A route can't be where it is put.
    #[error("a route can't be served: {0}")]
    Route(String),
    /// The file of the subscribers has mistakes.
    #[error("{} subscriber problem(s); nothing is started until they are mended:\n{}", .0.len(), lines(.0))]
    SubscribersFile(Vec<Problem>),
    /// Subscribers can't be told.
    #[error(transparent)]
    Subscribers(#[from] events::subscribers::Error),
    /// Traces can't be sent.
    #[error(transparent)]
    Traces(#[from] NoTraces),
    /// HTTP steps would not know whom to trust.
    #[error("http_steps.ca_file: {0}")]
    HttpSteps(#[from] NoTrust),
    /// Nobody could sign in.
    #[error("signing in can't be set up: {0}")]
    SignIn(String),
    /// Something that the node can't be without has broken down.
    #[error("{0}; the service ends, and what it ran is recovered by the next one")]
    Failed(&'static str),
    /// The server failed.
    #[error("the server failed")]
    Serve(#[source] std::io::Error),
}

/// The service: an engine that runs, and what it answers with.
pub struct App {
    pub(super) config: Config,
    pub(super) engine: Engine,
    pub(super) authorization: Authorization,
    pub(super) authenticate: Arc<dyn Authenticate>,
    pub(super) refusals: Refusals,
    pub(super) routes: Vec<Route>,
    pub(super) subscribers: events::Running,
    /// Held for as long as the engine runs.
    pub(super) lock: Option<EngineLock>,
}

impl App {
    /// Opens the database, brings it up to date, loads the templates, and starts the engine.
    pub async fn open(config: Config, extensions: Extensions, variables: Variables) -> Result<Self, Error> {
        let Extensions { handlers, authenticators, authorization, routes, subscribers: own } = extensions;
        let authorization = Authorization::open(&config, authorization)?;
        let templates = load(&config, &handlers, &variables)?;
        let declared = declared(&config, &templates, &handlers, &variables)?;
        let subscribers = Subscribers::collect(own, declared)?;
        let primary = primary(&config).await?;
        let address = config.database.own_url().as_str();
        let database =
            Database::open(address, config.database.own_connections(), config.database.connect_timeout)
                .await?;
        let lock = database.file().map(EngineLock::take).transpose()?;
        if config.database.migrate {
            migrate::migrate(&database).await?;
        } else {
            migrate::check(&database).await?;
        }
        store(&config, &database, &templates).await?;
        subscribers.register(&database).await?;
        let clock = Clock::System;
        let (refusals, metrics) = (Refusals::new(database.clone(), clock.clone()), Metrics::new());
        let noted = sign_in::Noted { refusals: &refusals, metrics: &metrics };
        let authenticate = sign_in::open(&config, authenticators, &database, &clock, noted).await?;
        let (events, names) = (subscribers::events(&templates, &handlers), subscribers::names(&templates));
        let node = node_name(&variables);
        let tracer = Tracer::open(&config.telemetry.otlp, &node, metrics.clone())?;
        let parts = Parts {
            database,
            primary,
            templates,
            handlers,
            settings: config.orchestration.clone(),
            http: HttpClients::open(&config.http_steps, config.ca_file().as_deref())?,
            node,
            variables: Arc::new(move |name| variables.get(name).map(str::to_owned)),
            metrics,
            tracer,
            clock,
        };
        let node = parts.node.clone();
        let engine = Engine::start(parts).await?;
        engine.keep_figures();
        engine.keep_retention(&config.retention);
        let around = Around {
            log: engine.log().clone(),
            local: engine.local().clone(),
            metrics: engine.metrics().clone(),
            node,
            lease: config.orchestration.lease_ttl,
            events,
            templates: names,
        };
        let subscribers = subscribers.start(around)?;
        tokio::spawn(refusals.clone().keep(engine.stopping().clone()));
        Ok(Self { config, engine, authorization, authenticate, refusals, routes, subscribers, lock })
    }

    /// The engine, for an application that calls its verbs itself.
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Who decides what may be done; nobody where authorization is off.
    pub fn authorization(&self) -> Option<Arc<dyn AuthorizationCoordinator>> {
        self.authorization.coordinator()
    }

    /// The policy, where it is what decides.
    pub fn policy(&self) -> Option<&Arc<PolicyCoordinator>> {
        self.authorization.policy()
    }

    /// What was refused and is not written to the audit log yet.
    pub const fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    /// Answers what a subject may do.
    pub(super) fn warden(&self) -> Warden {
        let clock = self.engine.clock().clone();
        let now = Arc::new(move || clock.now());
        let warden = match self.authorization() {
            Some(coordinator) => Warden::new(coordinator, now),
            None if self.config.authentication.enabled => Warden::signed_in(now),
            None => Warden::open(now),
        };
        warden.with_metrics(self.engine.metrics().clone())
    }

    /// Everything under its usual path, for a service bound to `bound`: `/graphql`, `/graphiql`, `/health`, `/metrics`,
    /// and the application's own routes. What bounds connections is [`connections::serve`](super::connections::serve);
    /// an application that serves this in another way must say who calls, as `ConnectInfo<SocketAddr>`.
    pub fn router(&self, bound: SocketAddr) -> Result<Router, Error> {
        super::serve::router(self, bound)
    }

    /// Gives everything back: no new work, running steps may end within the grace, the rest is released.
    pub async fn stop(self) {
        self.engine.stop(self.config.server.shutdown_grace).await;
        self.subscribers.stop().await;
        if let Err(error) = self.refusals.write().await {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, "the last refusals could not be written to the audit log");
        }
        let database = self.engine.database().clone();
        let primary = self.engine.primary().clone();
        let lease = self.config.orchestration.lease_ttl;
        self.engine.tracer().clone().close(FAREWELL).await;
        drop(self.engine);
        let closed = async { tokio::join!(database.close(), primary.close()) };
        if tokio::time::timeout(lease, closed).await.is_err() {
            tracing::warn!("the database's connections could not be given back in time");
        }
        drop(self.lock);
    }
}

/// The application's database. Where it is another one than that of the tasks, nothing starts without it.
async fn primary(config: &Config) -> Result<Primary, Error> {
    let settings = &config.database.primary;
    let timeout = config.database.connect_timeout;
    let primary = Primary::lazy(settings.url.as_str(), settings.max_connections, timeout)?;
    if let Some(secondary) = config.database.secondary() {
        if secondary.url == settings.url {
            tracing::warn!(
                "database.{} and database.primary are the same database: tasks are not apart from the application's data",
                config.database.name
            );
        }
        primary.check(timeout).await.map_err(Error::Primary)?;
    }
    Ok(primary)
}

fn load(config: &Config, handlers: &Handlers, variables: &Variables) -> Result<Templates, Error> {
    let (templates, problems) = template_files::load(config, handlers, variables);
    let (errors, warnings): (Vec<Problem>, Vec<Problem>) = problems.into_iter().partition(Problem::is_error);
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    if errors.is_empty() { Ok(templates) } else { Err(Error::Templates(errors)) }
}

fn declared(
    config: &Config,
    templates: &Templates,
    handlers: &Handlers,
    variables: &Variables,
) -> Result<Vec<SubscriberSettings>, Error> {
    let (declared, problems) = subscribers::load(config, templates, handlers, variables);
    let (errors, warnings): (Vec<Problem>, Vec<Problem>) = problems.into_iter().partition(Problem::is_error);
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    if errors.is_empty() { Ok(declared) } else { Err(Error::SubscribersFile(errors)) }
}

/// Tasks are pinned to what is stored here.
async fn store(config: &Config, database: &Database, templates: &Templates) -> Result<(), Error> {
    let revise = !config.environment.is_production();
    for template in templates.iter() {
        let stored = named_task::store(database, template, revise, Clock::System.now()).await?;
        match stored {
            named_task::Stored::Revised if !revise => return Err(Error::Changed(template.full_name())),
            named_task::Stored::Revised => {
                tracing::info!(template = template.full_name(), "a new revision; running tasks keep theirs")
            }
            named_task::Stored::Known | named_task::Stored::New => {}
        }
    }
    Ok(())
}

/// What people call this node: the host's name and the process.
fn node_name(variables: &Variables) -> String {
    let host = variables
        .get("HOSTNAME")
        .map(str::to_owned)
        .or_else(|| std::fs::read_to_string("/etc/hostname").ok());
    let host = host.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    format!("{}:{}", host.as_deref().unwrap_or("localhost"), std::process::id())
}

fn listen_advice(refusal: &std::io::Error) -> &'static str {
    match refusal.kind() {
        ErrorKind::AddrInUse => "stop what uses it, or choose another with --listen",
        ErrorKind::AddrNotAvailable => "it is no address of this machine: choose another with --listen",
        ErrorKind::PermissionDenied => {
            "ports below 1024 are for privileged programs: choose another with --listen"
        }
        _ => "choose another with --listen",
    }
}

fn lines(problems: &[impl ToString]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Kept beside [`Database::kind`] for the banner.
pub(super) const fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Sqlite => "SQLite",
        Kind::Postgres => "PostgreSQL",
    }
}
