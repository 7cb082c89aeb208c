//! `graphql`: the endpoint and its limits.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::units::{bytes, duration};

/// The GraphQL endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Graphql {
    /// Whether queries may come by GET.
    pub get_queries: bool,
    /// Whether GraphiQL is served at `/graphiql`.
    pub playground: bool,
    /// Whom the service tells about its schema.
    pub introspection: Introspection,
    /// What one document may ask for.
    pub limits: Limits,
    /// Subscriptions that one WebSocket connection may hold.
    pub subscriptions_per_connection: usize,
    /// Subscriptions that one subject may hold, over all its connections.
    pub subscriptions_per_subject: usize,
    /// How long a WebSocket may take to send `connection_init`.
    #[serde(with = "duration")]
    pub connection_init_timeout: Duration,
}

/// Whom the service tells about its schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Introspection {
    /// Nobody.
    None,
    /// Everybody, about what they may call.
    #[default]
    Permitted,
    /// Everybody, about everything.
    Full,
}

/// What one document may ask for, counted after fragments are expanded and before anything is validated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of the request's body.
    #[serde(with = "bytes")]
    pub body_bytes: usize,
    /// Tokens of the text.
    pub tokens: usize,
    /// Fields and fragments.
    pub nodes: usize,
    /// How deep fields nest.
    pub depth: usize,
    /// Aliased fields.
    pub aliases: usize,
    /// Fields of the operation itself.
    pub root_fields: usize,
    /// Directives.
    pub directives: usize,
    /// The cost: a list costs its limit times what is asked of each.
    pub complexity: usize,
}

impl Default for Graphql {
    fn default() -> Self {
        Self {
            get_queries: false,
            playground: true,
            introspection: Introspection::Permitted,
            limits: Limits::default(),
            subscriptions_per_connection: 50,
            subscriptions_per_subject: 1_000,
            connection_init_timeout: Duration::from_secs(3),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 1 << 20,
            tokens: 10_000,
            nodes: 5_000,
            depth: 20,
            aliases: 100,
            root_fields: 20,
            directives: 50,
            complexity: 10_000,
        }
    }
}
