//! `http_steps`: the requests of steps with `handler_config.type: api`.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use super::units::{bytes, duration};

/// The requests of steps with `handler_config.type: api`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpSteps {
    /// Whether steps that don't say may go to private networks.
    pub allow_private_networks: bool,
    /// Authorities besides the system's: a PEM file, relative to the configuration's folder. Empty is none.
    pub ca_file: PathBuf,
    /// How long a connection may take to be made.
    #[serde(with = "duration")]
    pub connect_timeout: Duration,
    /// Bytes of an answer where a step does not say.
    #[serde(with = "bytes")]
    pub max_response_bytes: usize,
    /// Redirects that are followed.
    pub max_redirects: usize,
    /// Requests to one host at once.
    pub concurrency_per_host: usize,
    /// Connections to one host that are kept while nobody needs them.
    pub idle_connections_per_host: usize,
    /// How long they are kept.
    #[serde(with = "duration")]
    pub idle_timeout: Duration,
    /// When a host is left alone.
    pub circuit_breaker: CircuitBreaker,
}

/// When a host is left alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CircuitBreaker {
    /// After so many failures in a row.
    pub failures: u32,
    /// For so long; then one request tells whether it is back.
    #[serde(with = "duration")]
    pub open_for: Duration,
}

impl Default for HttpSteps {
    fn default() -> Self {
        Self {
            allow_private_networks: false,
            ca_file: PathBuf::new(),
            connect_timeout: Duration::from_secs(5),
            max_response_bytes: 1 << 20,
            max_redirects: 5,
            concurrency_per_host: 64,
            idle_connections_per_host: 32,
            idle_timeout: Duration::from_secs(60),
            circuit_breaker: CircuitBreaker::default(),
        }
    }
}

impl Default for CircuitBreaker {
    fn default() -> Self {
        Self { failures: 10, open_for: Duration::from_secs(5) }
    }
}
