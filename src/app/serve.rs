//! Listens, answers, and stops in order.

use std::{io::Write, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    middleware::{from_fn, from_fn_with_state},
};
use tokio::net::TcpListener;

use super::{
    App, Error, connections, probes,
    routes::{Access, Guard, Route, Routes},
    signals::Signals,
    traced,
};
use crate::{
    config::Config,
    events::subscribers,
    graphql::{
        self, GraphqlSettings, Pipeline, Transport,
        gate::{Gate, Requirements},
        host,
        introspection::Views,
        outline::Outline,
        request_id,
    },
    playground,
    rest::{self, Rest},
};

/// For connections that are still open when everything else is done.
const CUT: Duration = Duration::from_secs(2);

/// Takes the configured address, before anything is opened or changed.
pub async fn listen(config: &Config) -> Result<TcpListener, Error> {
    let address = config.server.listen;
    TcpListener::bind(address).await.map_err(|source| Error::Listen { address, source })
}

impl App {
    /// Says where it listens, and serves until the process is told to stop. Told a second time, it ends the process.
    pub async fn serve(self, listener: TcpListener) -> Result<(), Error> {
        let bound = listener.local_addr().map_err(Error::Serve)?;
        let router = self.router(bound)?;
        let mut signals = Signals::listen(self.patience()).map_err(Error::Serve)?;
        // It is a courtesy: the service does not depend on somebody who reads it.
        let _ = writeln!(std::io::stdout(), "{}", self.banner(bound));
        self.authorization.keep_up(self.engine.stopping().clone(), self.config.environment.is_development());
        let (stop, settings) = (self.engine.stopping().clone(), self.config.server.clone());
        let metrics = self.engine.metrics().clone();
        let server =
            tokio::spawn(async move { connections::serve(listener, router, &settings, metrics, stop).await });
        let engine = self.engine.clone();
        tokio::select! {
            () = signals.told() => tracing::info!("stopping: running steps may end, the rest is given back"),
            _ = engine.failed() => {}
        }
        self.stop().await;
        // Connections that do not end by themselves are cut.
        let _ = tokio::time::timeout(CUT, server).await;
        engine.failure().map_or(Ok(()), |why| Err(Error::Failed(why)))
    }

    /// How long it may take to stop: the grace, then giving back, signing off and closing, each of which is bounded.
    fn patience(&self) -> Duration {
        let (grace, lease) = (self.config.server.shutdown_grace, self.config.orchestration.lease_ttl);
        grace + 3 * lease + subscribers::PATIENCE + CUT
    }
}

pub(super) fn router(app: &App, bound: SocketAddr) -> Result<Router, Error> {
    let App { engine, config, authenticate, .. } = app;
    let settings = Arc::new(settings(config));
    let schema = graphql::schema::build(graphql::schema::Parts {
        engine: engine.clone(),
        refusals: app.refusals.clone(),
        policy: app.policy().cloned(),
    });
    let sdl = schema.sdl();
    let outline = Outline::from_sdl(&sdl).map_err(Error::Schema)?;
    let gate = Gate::new(
        Requirements::from_sdl(&sdl).map_err(Error::Unguarded)?,
        app.warden(),
        engine.database().clone(),
        config.graphql.introspection,
        Views::from_sdl(&sdl).map_err(Error::Schema)?,
        app.refusals.clone(),
    );
    let transport = Transport {
        pipeline: Pipeline::new(schema, outline, &settings)
            .with_admission(gate)
            .with_long_polls(graphql::schema::LONG_POLLS)
            .with_metrics(engine.metrics().clone())
            .with_tracer(engine.tracer().clone()),
        authenticate: authenticate.clone(),
        settings: settings.clone(),
        shutdown: engine.stopping().clone(),
    };
    let guard = Guard { authenticate: authenticate.clone(), warden: app.warden() };
    let mut routes = Routes::new(guard);
    let rest_routes = rest::Routes::from_sdl(&sdl).map_err(Error::Rest)?;
    let rest = Rest::new(transport.clone(), rest_routes, app.warden(), config.graphql.introspection);
    routes.add_gated("/graphql", graphql::route(transport))?;
    for (path, methods) in rest.paths() {
        routes.add_gated(&path, methods)?;
    }
    let primary = config.database.secondary().map(|_| engine.primary().clone());
    probes::add(&mut routes, engine, primary)?;
    if config.graphql.playground {
        for (path, methods) in playground::routes() {
            routes.add(path, Access::Public, methods)?;
        }
    }
    for Route { path, access, methods } in app.routes.clone() {
        routes.add(&path, access, methods)?;
    }
    Ok(routes
        .into_router()
        .layer(from_fn_with_state(host::Hosts::new(bound, &settings.allowed_hosts), host::check))
        .layer(from_fn(request_id::assign))
        .layer(from_fn_with_state(engine.clone(), traced::request)))
}

fn settings(config: &Config) -> GraphqlSettings {
    GraphqlSettings {
        limits: limits(config),
        get_queries: config.graphql.get_queries,
        allowed_origins: config.server.allowed_origins.clone(),
        allowed_hosts: config.server.allowed_hosts.clone(),
        timeout: config.server.request_timeout,
        body_timeout: config.server.request_timeout,
        init_timeout: config.graphql.connection_init_timeout,
        subscriptions_per_connection: config.graphql.subscriptions_per_connection,
        subscriptions_per_subject: config.graphql.subscriptions_per_subject,
        ..GraphqlSettings::default()
    }
}

/// What documents are held to.
pub(crate) fn limits(config: &Config) -> graphql::document::Limits {
    let limits = &config.graphql.limits;
    graphql::document::Limits {
        body: limits.body_bytes,
        tokens: limits.tokens as u64,
        nodes: limits.nodes as u64,
        depth: limits.depth as u64,
        aliases: limits.aliases as u64,
        root_fields: limits.root_fields as u64,
        directives: limits.directives as u64,
        complexity: limits.complexity as u64,
        ..graphql::document::Limits::default()
    }
}
