//! Everybody who is told of events: an application's code, and what `subscribers.yaml` declares.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures_util::future::join_all;

use super::{
    EventSubscriber, Local,
    builtin::{LogSubscriber, MetricsSubscriber},
    in_process::{self, InProcess},
    webhook::{self, Webhook},
};
use crate::{
    config::subscribers::{SubscriberKind, SubscriberSettings, is_name},
    data::{self, Database, log::EventLog},
    metrics::Metrics,
};

/// How long those who are told may take for the last events.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Why nobody can be told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The name is none.
    #[error("a subscriber is called {0:?}; a name is 1 to 64 letters, digits, `_`, `.` or `-`")]
    Name(String),
    /// Two have it.
    #[error(
        "two subscribers are called {0}; give one of them another name, in its `name()` or in subscribers.yaml"
    )]
    Twice(String),
    /// A pattern is none.
    #[error("the subscriber {subscriber} subscribes to {pattern:?}: {why}")]
    Pattern {
        /// Whose.
        subscriber: String,
        /// As it is written.
        pattern: String,
        /// What it should be.
        why: String,
    },
    /// A thread could not be started.
    #[error("the subscriber {subscriber} can't have a thread")]
    Thread {
        /// Whose.
        subscriber: String,
        /// Why.
        source: std::io::Error,
    },
    /// What it sends with can't be made.
    #[error("the webhook {webhook} can't be set up")]
    Client {
        /// Whose.
        webhook: String,
        /// Why.
        source: reqwest::Error,
    },
}

/// Subscribers that are to be told.
#[derive(Default)]
pub struct Subscribers {
    own: Vec<InProcess>,
    declared: Vec<SubscriberSettings>,
}

/// What they work with.
pub struct Around {
    /// What happens.
    pub log: EventLog,
    /// What happens in this process alone.
    pub local: Local,
    /// What is counted.
    pub metrics: Metrics,
    /// What this node is called.
    pub node: String,
    /// How long a silent node keeps the right to deliver.
    pub lease: Duration,
    /// The names of all events that are declared.
    pub events: Vec<String>,
    /// The namespaces and names of the templates that are loaded.
    pub templates: Vec<(String, String)>,
}

/// Subscribers that are being told.
#[derive(Default)]
pub struct Running {
    in_process: Vec<in_process::Running>,
    webhooks: Vec<webhook::Running>,
}

impl Subscribers {
    /// Those of an application and those that are declared and enabled; their names and patterns are checked.
    pub fn collect(
        own: impl IntoIterator<Item = Arc<dyn EventSubscriber>>,
        declared: Vec<SubscriberSettings>,
    ) -> Result<Self, Error> {
        let mut names = HashSet::new();
        let mut checked = Vec::new();
        for subscriber in own {
            let name = subscriber.name().to_owned();
            if !is_name(&name) {
                return Err(Error::Name(name));
            }
            let own = InProcess::new(subscriber).map_err(|(pattern, why)| Error::Pattern {
                subscriber: name.clone(),
                pattern,
                why: why.to_string(),
            })?;
            checked.push(own);
            if !names.insert(name.clone()) {
                return Err(Error::Twice(name));
            }
        }
        for one in &declared {
            if !names.insert(one.name.clone()) {
                return Err(Error::Twice(one.name.clone()));
            }
        }
        let declared = declared.into_iter().filter(|one| one.enabled).collect();
        Ok(Self { own: checked, declared })
    }

    /// Makes webhooks known, before anything happens: a new one is told of what comes from now on.
    pub async fn register(&self, database: &Database) -> Result<(), data::Error> {
        for one in &self.declared {
            if let SubscriberKind::Webhook(_) = one.kind {
                data::subscribers::register(database, &one.name).await?;
            }
        }
        Ok(())
    }

    /// Begins to tell them. Must be called within a runtime.
    pub fn start(self, around: Around) -> Result<Running, Error> {
        let mut running = Running::default();
        let mut local = self.own;
        for one in self.declared {
            let name: Arc<str> = one.name.as_str().into();
            let subscriber: Arc<dyn EventSubscriber> = match &one.kind {
                SubscriberKind::Log(settings) => {
                    Arc::new(LogSubscriber { name: one.name, settings: settings.clone() })
                }
                SubscriberKind::Metrics(settings) => Arc::new(MetricsSubscriber::new(
                    one.name,
                    settings,
                    around.metrics.clone(),
                    &around.events,
                    &around.templates,
                )),
                SubscriberKind::Webhook(settings) => {
                    let settings = (**settings).clone();
                    let (log, metrics) = (around.log.clone(), around.metrics.clone());
                    let (node, lease) = (around.node.clone(), around.lease);
                    let webhook = Webhook { name, own: one, settings, log, metrics, node, lease };
                    let named = webhook.name.to_string();
                    let started = webhook.start();
                    running
                        .webhooks
                        .push(started.map_err(|source| Error::Client { webhook: named, source })?);
                    continue;
                }
            };
            local.push(InProcess { subscriber, name, patterns: one.events, namespaces: one.namespaces });
        }
        for one in local {
            let name = one.name.clone();
            let started = one.start(&around.log, &around.local, &around.metrics);
            let error = |source| Error::Thread { subscriber: name.to_string(), source };
            running.in_process.push(started.map_err(error)?);
        }
        // Whoever wants to know what happened since the node began listens by now.
        around.log.begun();
        Ok(running)
    }
}

impl Running {
    /// The node commits nothing more: what it has committed is told, as far as that does not take too long.
    pub async fn stop(self) {
        let in_process = self.in_process.into_iter().map(|one| one.stop(PATIENCE));
        let webhooks = self.webhooks.into_iter().map(|one| one.stop(PATIENCE));
        tokio::join!(join_all(in_process), join_all(webhooks));
    }
}
