//! The clients: one for the public internet, one for everywhere. Each is made when it is first needed.

use std::{
    path::Path,
    sync::{Arc, OnceLock},
};

use reqwest::Client;

use crate::{
    config::HttpSteps,
    outbound::{Guard, NoTrust, Trust},
};

/// What the HTTP steps of a node ask with. Cheap to clone.
#[derive(Clone)]
pub struct HttpClients(Arc<Inner>);

struct Inner {
    settings: HttpSteps,
    trust: Trust,
    public: Guarded,
    everywhere: Guarded,
}

struct Guarded {
    guard: Guard,
    client: OnceLock<Result<Client, String>>,
}

impl HttpClients {
    /// As the settings say; `ca_file` has authorities besides the system's.
    pub fn open(settings: &HttpSteps, ca_file: Option<&Path>) -> Result<Self, NoTrust> {
        let trust = ca_file.map(Trust::of_file).transpose()?.unwrap_or_default();
        Ok(Self::guarded(settings, trust, Guard::new(false), Guard::new(true)))
    }

    /// With guards of their own: of steps that may not go to private networks, and of those that may.
    pub fn guarded(settings: &HttpSteps, trust: Trust, public: Guard, everywhere: Guard) -> Self {
        let guarded = |guard| Guarded { guard, client: OnceLock::new() };
        let settings = settings.clone();
        Self(Arc::new(Inner { settings, trust, public: guarded(public), everywhere: guarded(everywhere) }))
    }

    pub(in crate::orchestration) fn settings(&self) -> &HttpSteps {
        &self.0.settings
    }

    /// The guard of an address and the client behind it.
    pub(super) fn of(&self, allow_private_networks: bool) -> Result<(&Guard, &Client), String> {
        let one = if allow_private_networks { &self.0.everywhere } else { &self.0.public };
        match one.client.get_or_init(|| self.build(&one.guard)) {
            Ok(client) => Ok((&one.guard, client)),
            Err(why) => Err(why.clone()),
        }
    }

    fn build(&self, guard: &Guard) -> Result<Client, String> {
        let settings = &self.0.settings;
        let tls = self.0.trust.tls().map_err(|error| error.to_string())?;
        let builder = guard
            .client()
            .tls_backend_preconfigured(tls)
            .user_agent(concat!("tasker/", env!("CARGO_PKG_VERSION")))
            .referer(false)
            .tcp_nodelay(true)
            .connect_timeout(settings.connect_timeout)
            .pool_max_idle_per_host(settings.idle_connections_per_host)
            .pool_idle_timeout(settings.idle_timeout);
        builder.build().map_err(|error| error.to_string())
    }
}

impl Default for HttpClients {
    fn default() -> Self {
        Self::guarded(&HttpSteps::default(), Trust::default(), Guard::new(false), Guard::new(true))
    }
}
