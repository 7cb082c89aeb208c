//! A node that is told to stop gives everything back, and does not take for ever.

use std::time::Duration;

use tokio::time::timeout;

use super::Engine;
use crate::data::node;

impl Engine {
    /// Stops: nothing new starts, what runs may end within `grace`, the rest is given back. Durable when it answers.
    ///
    /// A database that takes nothing for as long as the lease lasts is not waited for: what could not be given back
    /// is recovered as a dead node's.
    pub async fn stop(&self, grace: Duration) {
        let (signals, lease) = (self.signals(), self.settings().lease_ttl);
        signals.draining.cancel();
        self.work().close();
        if timeout(grace, self.work().wait()).await.is_err() {
            signals.release.cancel();
            if timeout(lease, self.work().wait()).await.is_err() {
                tracing::error!(
                    "tasks could not be given back: the database takes nothing; they will be recovered"
                );
                self.fence().cancel();
            }
        }
        signals.stopped.cancel();
        if self.failure().is_none() && timeout(lease, self.sign_off()).await.is_err() {
            tracing::warn!("the node could not sign off in time; its lease will run out");
        }
    }

    async fn sign_off(&self) {
        if let Err(error) = self.journal().close().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the journal could not be closed");
        }
        if let Err(error) = node::retire(self.database(), self.identity()).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the node could not sign off; its lease will run out"
            );
        }
        self.signals().threads.close();
        self.signals().threads.wait().await;
    }
}
