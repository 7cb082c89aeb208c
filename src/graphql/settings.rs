//! The `graphql` section of the configuration. Unknown keys are errors; durations are written with their unit.

use std::time::Duration;

use serde::Deserialize;

use super::document::Limits;

/// How `/graphql` behaves. The defaults are what a service on the open internet wants.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GraphqlSettings {
    /// What a document may ask for.
    pub limits: Limits,
    /// Whether `GET /graphql` answers queries. It needs a header that a form can't send, such as `X-Requested-With`.
    pub get_queries: bool,
    /// Sites whose pages may call this service, as `https://example.org`. The service's own pages always may.
    pub allowed_origins: Vec<String>,
    /// Names this service is called by besides `localhost`, with or without a port.
    pub allowed_hosts: Vec<String>,
    /// How long a query or a mutation may run.
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    /// How long the body of a request may take to arrive.
    #[serde(with = "humantime_serde")]
    pub body_timeout: Duration,
    /// How long a WebSocket may wait before its `connection_init`.
    #[serde(with = "humantime_serde")]
    pub init_timeout: Duration,
    /// How often a silent stream shows that it is alive. A WebSocket that says nothing for three of these is closed.
    #[serde(with = "humantime_serde")]
    pub keep_alive: Duration,
    /// Operations one WebSocket may have running at once.
    pub subscriptions_per_connection: usize,
    /// Subscriptions one subject may have running at once, over all its connections.
    pub subscriptions_per_subject: usize,
    /// Memory for parsed documents, in bytes.
    pub document_cache: u64,
}

impl Default for GraphqlSettings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            get_queries: false,
            allowed_origins: Vec::new(),
            allowed_hosts: Vec::new(),
            timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(30),
            init_timeout: Duration::from_secs(3),
            keep_alive: Duration::from_secs(12),
            subscriptions_per_connection: 50,
            subscriptions_per_subject: 1_000,
            document_cache: 32 << 20,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_section_is_the_default() {
        assert_eq!(serde_json::from_str::<GraphqlSettings>("{}").unwrap(), GraphqlSettings::default());
    }

    #[test]
    fn a_duration_has_a_unit_and_an_unknown_key_is_refused() {
        let settings: GraphqlSettings =
            serde_json::from_str(r#"{"timeout": "5s", "limits": {"depth": 7}}"#).unwrap();
        assert_eq!((settings.timeout, settings.limits.depth), (Duration::from_secs(5), 7));
        assert!(serde_json::from_str::<GraphqlSettings>(r#"{"timeuot": "5s"}"#).is_err());
        assert!(serde_json::from_str::<GraphqlSettings>(r#"{"limits": {"dept": 7}}"#).is_err());
    }
}
