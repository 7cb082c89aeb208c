//! Where is measured: a fresh SQLite file in the temporary folder, or a fresh database on a server.

use std::{path::PathBuf, time::Duration};

use anyhow::Context;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::data::{Database, lock::EngineLock, migrate, named_task};

/// A database of its own, removed afterwards.
pub(super) enum Place {
    Sqlite { folder: PathBuf, lock: Option<EngineLock> },
    Postgres { server: String, name: String },
}

impl Place {
    pub(super) fn sqlite() -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join(unique());
        std::fs::create_dir_all(&folder).with_context(|| format!("{} can't be made", folder.display()))?;
        let lock = EngineLock::take(&folder.join("bench.db"))?;
        Ok(Self::Sqlite { folder, lock: Some(lock) })
    }

    pub(super) async fn postgres(server: &str) -> anyhow::Result<Self> {
        let name = unique();
        let mut connection =
            PgConnection::connect(server).await.context("the PostgreSQL server does not let us in")?;
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await?;
        Ok(Self::Postgres { server: server.to_owned(), name })
    }

    /// For an engine in another process.
    pub(super) fn unlocked(mut self) -> Self {
        if let Self::Sqlite { lock, .. } = &mut self {
            *lock = None;
        }
        self
    }

    pub(super) fn title(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "SQLite, one file, synchronous = FULL",
            Self::Postgres { .. } => "PostgreSQL",
        }
    }

    pub(super) fn url(&self) -> String {
        match self {
            Self::Sqlite { folder, .. } => format!("sqlite://{}?mode=rwc", folder.join("bench.db").display()),
            Self::Postgres { server, name } => {
                let (address, options) =
                    server.split_once('?').map_or((&**server, ""), |(address, rest)| (address, rest));
                let base = address.rsplit_once('/').map_or(address, |(base, _)| base);
                let query = if options.is_empty() { String::new() } else { format!("?{options}") };
                format!("{base}/{name}{query}")
            }
        }
    }

    /// Opens it, migrated and with the shapes stored.
    pub(super) async fn open(&self) -> anyhow::Result<Database> {
        let database = Database::open(&self.url(), 4, Duration::from_secs(10)).await?;
        migrate::migrate(&database).await?;
        for template in super::shape::templates()?.iter() {
            named_task::store(&database, template, true, crate::orchestration::Clock::System.now()).await?;
        }
        Ok(database)
    }

    pub(super) async fn clear(self) -> anyhow::Result<()> {
        match self {
            Self::Sqlite { folder, .. } => std::fs::remove_dir_all(&folder)?,
            Self::Postgres { server, name } => {
                let mut connection = PgConnection::connect(&server).await?;
                let drop = format!("DROP DATABASE {name} WITH (FORCE)");
                sqlx::query(AssertSqlSafe(drop)).execute(&mut connection).await?;
            }
        }
        Ok(())
    }
}

fn unique() -> String {
    format!("tasker_bench_{}", uuid::Uuid::now_v7().simple())
}
