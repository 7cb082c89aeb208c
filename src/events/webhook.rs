//! Webhooks: events sent to somebody else over HTTP, durably.
//!
//! One node at a time delivers for a webhook. It follows the log from the webhook's place on; `lines` decides what is
//! sent when, `post` sends it, `delivery` is the loop around both, and `keep` sees to it that some node runs the loop.

mod delivery;
mod health;
mod keep;
mod lines;
mod post;

use std::{sync::Arc, time::Duration};

use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

pub use self::post::{Post, Refused, delivery_id, signature};
use crate::{
    config::subscribers::{SubscriberSettings, WebhookSettings},
    data::log::EventLog,
    metrics::Metrics,
    model::event::Recorded,
};

/// A webhook, and what it needs.
pub(super) struct Webhook {
    pub(super) name: Arc<str>,
    pub(super) own: SubscriberSettings,
    pub(super) settings: WebhookSettings,
    pub(super) log: EventLog,
    pub(super) metrics: Metrics,
    /// What this node is called.
    pub(super) node: String,
    /// How long a silent node keeps the right to deliver.
    pub(super) lease: Duration,
}

/// One that is being kept.
pub(super) struct Running {
    name: Arc<str>,
    stop: CancellationToken,
    keeping: JoinHandle<()>,
}

impl Webhook {
    /// Delivers, or waits until it may.
    pub(super) fn start(self) -> Result<Running, reqwest::Error> {
        let post = Arc::new(Post::new(&self.name, &self.settings)?);
        let (name, stop) = (self.name.clone(), CancellationToken::new());
        // Whatever is logged on the way says which webhook it is about.
        let span = tracing::info_span!("webhook", name = &*name);
        let keeping = tokio::spawn(keep::keep(Arc::new(self), post, stop.clone()).instrument(span));
        Ok(Running { name, stop, keeping })
    }

    fn wants(&self, recorded: &Recorded) -> bool {
        self.own.events.admit(&recorded.event.name) && self.own.covers(&recorded.event.task.namespace)
    }
}

impl Running {
    /// What is on its way may arrive; where it has got to is written, and another node may go on.
    pub(super) async fn stop(mut self, patience: Duration) {
        self.stop.cancel();
        if timeout(patience, &mut self.keeping).await.is_err() {
            let subscriber = &*self.name;
            tracing::warn!(
                subscriber,
                "a webhook could not sign off in time; some events are delivered again"
            );
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.keeping.abort();
    }
}
