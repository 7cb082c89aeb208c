//! Hears from PostgreSQL what other nodes commit.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};

use super::EventLog;
use crate::{data::connect::Target, model::id::NodeId};

/// The channel that every flush with events notifies; the payload is the node's id.
const CHANNEL: &str = "tasker_events";

/// Between two tries to reach a server that does not answer.
const PAUSE: Duration = Duration::from_secs(1);

impl EventLog {
    /// Looks at the table when another node than `own` has written; runs until it is dropped. One process has a
    /// SQLite file to itself, and nobody to hear from.
    pub async fn hear_others(&self, own: impl Fn() -> NodeId) {
        let Target::Postgres(options) = &self.database().target else { return };
        loop {
            if let Err(error) = self.hear(options, &own).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "other nodes' events can't be heard; tried again in a second"
                );
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn hear(&self, options: &PgConnectOptions, own: &impl Fn() -> NodeId) -> Result<(), sqlx::Error> {
        let connection = PgPoolOptions::new().max_connections(1).connect_lazy_with((*options).clone());
        let mut listener = PgListener::connect_with(&connection).await?;
        listener.listen(CHANNEL).await?;
        loop {
            // What was said before, or while the connection was lost, is in the table.
            self.moved();
            while let Some(notice) = listener.try_recv().await? {
                if notice.payload() != own().0.to_string() {
                    self.moved();
                }
            }
        }
    }
}
