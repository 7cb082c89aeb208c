//! Where a test keeps its data: a SQLite file in a folder of its own, or a PostgreSQL database of its own.

use std::{env, time::Duration};

use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use tasker::data::{Database, migrate};
use tempfile::TempDir;

/// A database that is gone when it is dropped.
pub struct Place {
    pub url: String,
    _home: Home,
}

enum Home {
    Folder(#[expect(dead_code, reason = "it goes when it is dropped")] TempDir),
    Server { admin: Box<PgConnectOptions>, name: String },
}

/// Runs each function in a test on SQLite and in one on PostgreSQL.
macro_rules! on_both_databases {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test] async fn $test() { super::$test($crate::place::Place::sqlite()).await; })*
        }
        mod postgres {
            $(#[tokio::test] async fn $test() {
                if let Some(place) = $crate::place::Place::postgres().await {
                    super::$test(place).await;
                }
            })*
        }
    };
}

impl Place {
    pub fn sqlite() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("tasker.db").display());
        Self { url, _home: Home::Folder(folder) }
    }

    /// None where no server is named in `TASKER_TEST_POSTGRES` and none is at the usual place: the case is left out.
    /// A server that is named must answer.
    pub async fn postgres() -> Option<Self> {
        let named = env::var("TASKER_TEST_POSTGRES").ok();
        let server = named.clone().unwrap_or_else(|| "postgres://postgres@127.0.0.1:5432/postgres".into());
        let admin: PgConnectOptions = server.parse().expect("TASKER_TEST_POSTGRES is a PostgreSQL address");
        let name = format!("tasker_it_{}", uuid::Uuid::now_v7().simple());
        let mut connection = match PgConnection::connect_with(&admin).await {
            Ok(connection) => connection,
            Err(error) if named.is_some() => {
                panic!("the server in TASKER_TEST_POSTGRES does not answer: {error}")
            }
            Err(error) => {
                eprintln!(
                    "left out: no PostgreSQL server at {server} ({error}); name one in TASKER_TEST_POSTGRES"
                );
                return None;
            }
        };
        sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&mut connection)
            .await
            .expect("the user may create databases");
        connection.close().await.expect("closed");
        let (host, port, user) = (admin.get_host(), admin.get_port(), admin.get_username());
        let mut url = format!("postgres://{user}@{host}:{port}/{name}");
        if let Some((credentials, _)) = server.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')) {
            url = format!("postgres://{credentials}@{host}:{port}/{name}");
        }
        Some(Self { url, _home: Home::Server { admin: Box::new(admin), name } })
    }

    /// Opens it, with its tables.
    pub async fn open(&self) -> Database {
        let database =
            Database::open(&self.url, 4, Duration::from_secs(20)).await.expect("the database opens");
        migrate::migrate(&database).await.expect("the migrations apply");
        database
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let Self::Server { admin, name } = self else { return };
        let (admin, drop) = (admin.clone(), format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        // The test's own runtime is busy here.
        let work = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                if let Ok(mut connection) = PgConnection::connect_with(&admin).await {
                    let _ = sqlx::query(sqlx::AssertSqlSafe(drop)).execute(&mut connection).await;
                }
            });
        };
        let _ = std::thread::spawn(work).join();
    }
}
