//! Hears from PostgreSQL what other nodes commit.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};

use super::EventLog;
use crate::{data::connect::Target, model::id::NodeId};

/// The channel that every flush with events notifies; the payload is the node's id.
const CHANNEL: &str = "tasker_events";

/// The channel on which a node is told to look for commands and answers; the payload is its id.
pub const COMMANDS: &str = "tasker_commands";

/// Between two tries to reach a server that does not answer.
const PAUSE: Duration = Duration::from_secs(1);

impl EventLog {
    /// Looks at the table when another node than `own` has written; runs until it is dropped. One process has a
    /// SQLite file to itself, and nobody to hear from.
    ///
    /// `look` is called when the node is told to look for commands, or may not have heard it.
    pub async fn hear_others(&self, own: impl Fn() -> NodeId, look: impl Fn()) {
        let Target::Postgres(options) = &self.database().target else { return };
        loop {
            if let Err(error) = self.hear(options, &own, &look).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "other nodes' events can't be heard; tried again in a second"
                );
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn hear(
        &self,
        options: &PgConnectOptions,
        own: &impl Fn() -> NodeId,
        look: &impl Fn(),
    ) -> Result<(), sqlx::Error> {
        let connection = PgPoolOptions::new().max_connections(1).connect_lazy_with((*options).clone());
        let mut listener = PgListener::connect_with(&connection).await?;
        listener.listen_all([CHANNEL, COMMANDS]).await?;
        loop {
            // What was said before, or while the connection was lost, is in the table.
            self.moved();
            look();
            while let Some(notice) = listener.try_recv().await? {
                let mine = notice.payload() == own().0.to_string();
                match (notice.channel(), mine) {
                    (CHANNEL, false) => self.moved(),
                    (COMMANDS, true) => look(),
                    _ => {}
                }
            }
        }
    }
}
