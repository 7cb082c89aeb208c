//! Where the data is: a SQLite file or a PostgreSQL database, and the connections that read it.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use sea_orm::{DatabaseConnection, SqlxPostgresConnector, SqlxSqliteConnector};
use sqlx::{
    ConnectOptions, Connection,
    error::DatabaseError,
    postgres::{PgConnectOptions, PgPoolOptions, PgSslMode},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous},
};
use tracing::log::LevelFilter;

use super::Error;

/// A connection that was idle for longer is asked whether it lives before it is used.
const RESTED: Duration = Duration::from_secs(1);

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Embedded; one engine.
    Sqlite,
    /// For many nodes.
    Postgres,
}

/// How to reach it.
#[derive(Debug, Clone)]
pub enum Target {
    /// The file.
    Sqlite(PathBuf),
    /// Host, user, database and the rest of it.
    Postgres(Box<PgConnectOptions>),
}

/// The open database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Database {
    /// How to reach it, for connections of one's own.
    pub target: Target,
    /// For reading.
    pub reader: DatabaseConnection,
    /// For migrations and housekeeping; never for a status.
    pub upkeep: DatabaseConnection,
}

impl Database {
    /// Opens the database at `url` with up to `readers` connections; a SQLite file is created when
    /// `mode=rwc` asks for it.
    pub async fn open(url: &str, readers: u32, timeout: Duration) -> Result<Self, Error> {
        match target(url)? {
            Target::Sqlite(path) => open_sqlite(url, path, readers, timeout).await,
            Target::Postgres(options) => open_postgres(*options, readers, timeout).await,
        }
    }

    /// Which database it is.
    pub const fn kind(&self) -> Kind {
        match self.target {
            Target::Sqlite(_) => Kind::Sqlite,
            Target::Postgres(_) => Kind::Postgres,
        }
    }

    /// The SQLite file.
    pub fn file(&self) -> Option<&Path> {
        match &self.target {
            Target::Sqlite(path) => Some(path),
            Target::Postgres(_) => None,
        }
    }

    /// Gives the connections back.
    pub async fn close(self) {
        let _ = self.reader.close().await;
        let _ = self.upkeep.close().await;
    }
}

pub(super) fn target(url: &str) -> Result<Target, Error> {
    let bad = |error: sqlx::Error| {
        Error::Address(format!(
            "the database address can't be read ({error}); write sqlite://FILE?mode=rwc or postgres://USER@HOST/NAME"
        ))
    };
    match url.split_once(':') {
        Some(("sqlite", _)) => {
            let options = SqliteConnectOptions::from_str(url).map_err(bad)?;
            let path = options.get_filename().to_path_buf();
            if path.as_os_str().is_empty() || url.contains(":memory:") || url.contains("mode=memory") {
                return Err(Error::Address("tasker keeps what it promises in a file: write sqlite://FILE?mode=rwc".into()));
            }
            Ok(Target::Sqlite(path))
        }
        Some(("postgres" | "postgresql", _)) => {
            let options = PgConnectOptions::from_str(url).map_err(bad)?;
            let local = matches!(options.get_host(), "localhost" | "127.0.0.1" | "::1" | "[::1]");
            // Nobody listens in on the way to this machine, and encryption costs a flush milliseconds.
            let plain = local && !url.contains("sslmode=");
            Ok(Target::Postgres(Box::new(if plain { options.ssl_mode(PgSslMode::Disable) } else { options })))
        }
        _ => Err(Error::Address(
            "the database address must begin with sqlite:// or postgres://; write sqlite://FILE?mode=rwc or postgres://USER@HOST/NAME".into(),
        )),
    }
}

/// As every connection to a file of ours is opened.
pub(super) fn sqlite_options(url: &str, timeout: Duration) -> Result<SqliteConnectOptions, Error> {
    Ok(SqliteConnectOptions::from_str(url)?
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(timeout)
        .log_statements(LevelFilter::Trace))
}

async fn open_sqlite(url: &str, path: PathBuf, readers: u32, timeout: Duration) -> Result<Database, Error> {
    let options = sqlite_options(url, timeout)?;
    let refused = |error| unopened(&path, &error);
    let upkeep =
        SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await.map_err(refused)?;
    may_be_written(&upkeep).await.map_err(refused)?;
    let reader = SqlitePoolOptions::new()
        .max_connections(readers)
        .acquire_timeout(timeout)
        .test_before_acquire(false)
        .connect_lazy_with(options.pragma("query_only", "true").pragma("mmap_size", "268435456"));
    Ok(Database {
        target: Target::Sqlite(path),
        reader: SqlxSqliteConnector::from_sqlx_sqlite_pool(reader),
        upkeep: SqlxSqliteConnector::from_sqlx_sqlite_pool(upkeep),
    })
}

/// SQLite opens a write-protected file for reading, and fails at the first write. It is asked itself: opening the
/// file beside it and closing it again would take away the locks that it holds for this process.
async fn may_be_written(upkeep: &SqlitePool) -> Result<(), sqlx::Error> {
    match sqlx::raw_sql("BEGIN IMMEDIATE; ROLLBACK").execute(upkeep).await {
        // Somebody else writes, so it can be written.
        Err(sqlx::Error::Database(error)) if is_busy(&*error) => Ok(()),
        done => done.map(drop),
    }
}

/// `SQLITE_BUSY`, in any of its extended forms.
fn is_busy(error: &dyn DatabaseError) -> bool {
    error.code().and_then(|code| code.parse::<i32>().ok()).is_some_and(|code| code & 0xff == 5)
}

/// What is wrong with the file, and what to do about it.
pub(super) fn unopened(path: &Path, error: &sqlx::Error) -> Error {
    let said = error.as_database_error().map_or_else(|| error.to_string(), |said| said.message().to_owned());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let advice = if path.exists() {
        "name another file with --database-url, or check that this one and its folder may be written"
    } else if folder.is_dir() {
        "to create it, write sqlite://FILE?mode=rwc and check that its folder may be written"
    } else {
        "its folder does not exist"
    };
    Error::Address(format!("{} can't be opened: {said}; {advice}", path.display()))
}

async fn open_postgres(
    options: PgConnectOptions,
    readers: u32,
    timeout: Duration,
) -> Result<Database, Error> {
    let options = options.application_name("tasker").log_statements(LevelFilter::Trace);
    let pool = |size| {
        // A server that was restarted has left dead connections behind: those that rested are asked first.
        PgPoolOptions::new()
            .max_connections(size)
            .acquire_timeout(timeout)
            .test_before_acquire(false)
            .before_acquire(|connection, rested| {
                Box::pin(async move {
                    if rested.idle_for > RESTED {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
    };
    reachable(&options, timeout).await?;
    let (upkeep, reader) =
        (pool(2).connect_lazy_with(options.clone()), pool(readers).connect_lazy_with(options.clone()));
    Ok(Database {
        target: Target::Postgres(Box::new(options)),
        reader: SqlxPostgresConnector::from_sqlx_postgres_pool(reader),
        upkeep: SqlxPostgresConnector::from_sqlx_postgres_pool(upkeep),
    })
}

/// Whether the server lets us in; the pool itself would only say that it waited too long.
pub(super) async fn reachable(options: &PgConnectOptions, timeout: Duration) -> Result<(), Error> {
    let reason = match tokio::time::timeout(timeout, options.connect()).await {
        Ok(Ok(connection)) => return Ok(connection.close().await?),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {timeout:?}"),
    };
    Err(Error::Address(format!(
        "PostgreSQL at {}:{} does not let us in: {reason}; check the address, the user and that the database exists",
        options.get_host(),
        options.get_port()
    )))
}
