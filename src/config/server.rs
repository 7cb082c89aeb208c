//! `server`: where it listens, and whom it answers.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    Network, RateLimit,
    units::{address, bytes, duration},
};

/// Where it listens, and whom it answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// The address and port of HTTP and WebSocket.
    #[serde(with = "address")]
    pub listen: SocketAddr,
    /// Names that a request's `Host` may carry besides the address it came in on.
    pub allowed_hosts: Vec<String>,
    /// Origins whose pages may call: CORS and WebSocket.
    pub allowed_origins: Vec<String>,
    /// How long running steps may still take after SIGTERM.
    #[serde(with = "duration")]
    pub shutdown_grace: Duration,
    /// How long one request may take, long polls and subscriptions excepted.
    #[serde(with = "duration")]
    pub request_timeout: Duration,
    /// Connections that may be open at once.
    pub max_connections: usize,
    /// Connections that one address may have open.
    pub max_connections_per_address: usize,
    /// Memory for requests and messages that are on their way, together.
    #[serde(with = "bytes")]
    pub max_request_memory: usize,
    /// How long the head of a request may take.
    #[serde(with = "duration")]
    pub header_timeout: Duration,
    /// How long a connection may be open between two requests.
    #[serde(with = "duration")]
    pub idle_timeout: Duration,
    /// Proxies in front, whose `X-Forwarded-For` says who calls.
    pub trusted_proxies: Vec<Network>,
    /// How often one caller may ask.
    pub rate_limit: RateLimit,
    /// Listens beyond loopback although nobody has to say who they are.
    pub insecure: bool,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            shutdown_grace: Duration::from_secs(30),
            request_timeout: Duration::from_secs(30),
            max_connections: 10_000,
            max_connections_per_address: 1_000,
            max_request_memory: 256 << 20,
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            trusted_proxies: Vec::new(),
            rate_limit: RateLimit::default(),
            insecure: false,
        }
    }
}
