//! The application's own database, for its handlers. Connections are opened when they are asked for; nothing of
//! Tasker's is done here.

use std::time::Duration;

use sea_orm::{DatabaseConnection, SqlxPostgresConnector, SqlxSqliteConnector};
use sqlx::{ConnectOptions, postgres::PgPoolOptions, sqlite::SqlitePoolOptions};
use tracing::log::LevelFilter;

use super::{
    Error,
    connect::{Target, reachable, sqlite_options, target, unopened},
};

/// The way to it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Primary(DatabaseConnection);

/// One that the application has opened by itself.
impl From<DatabaseConnection> for Primary {
    fn from(connection: DatabaseConnection) -> Self {
        Self(connection)
    }
}

impl Primary {
    /// At `url`, with up to `connections`. Opens nothing yet.
    pub fn lazy(url: &str, connections: u32, timeout: Duration) -> Result<Self, Error> {
        Ok(Self(match target(url)? {
            Target::Sqlite(_) => {
                let pool = SqlitePoolOptions::new().max_connections(connections).acquire_timeout(timeout);
                SqlxSqliteConnector::from_sqlx_sqlite_pool(
                    pool.connect_lazy_with(sqlite_options(url, timeout)?),
                )
            }
            Target::Postgres(options) => {
                let options = options.application_name("tasker handlers").log_statements(LevelFilter::Trace);
                let pool = PgPoolOptions::new().max_connections(connections).acquire_timeout(timeout);
                SqlxPostgresConnector::from_sqlx_postgres_pool(pool.connect_lazy_with(options))
            }
        }))
    }

    /// For queries and transactions of the application.
    pub const fn connection(&self) -> &DatabaseConnection {
        &self.0
    }

    /// Whether it lets us in; why not, in words.
    pub async fn check(&self, timeout: Duration) -> Result<(), Error> {
        match &self.0.get_database_backend() {
            sea_orm::DatabaseBackend::Postgres => {
                reachable(&self.0.get_postgres_connection_pool().connect_options(), timeout).await
            }
            _ => {
                let pool = self.0.get_sqlite_connection_pool();
                let path = pool.connect_options().get_filename().to_path_buf();
                pool.acquire().await.map(drop).map_err(|error| unopened(&path, &error))
            }
        }
    }

    /// Whether it answers.
    pub async fn is_up(&self, timeout: Duration) -> bool {
        matches!(tokio::time::timeout(timeout, self.0.ping()).await, Ok(Ok(())))
    }

    /// Gives the connections back.
    pub async fn close(self) {
        let _ = self.0.close().await;
    }
}
