//! Brings the database's schema to what this program expects, or says why it can't.

use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};
use sqlx::Connection;

use super::{Database, Error, connect::Target};

/// Any number will do, so long as every Tasker uses the same.
const ADVISORY_LOCK: i64 = 0x7461_736b_6572;

/// Applies what is missing. Two that start together wait for each other.
pub async fn migrate(database: &Database) -> Result<usize, Error> {
    refuse_newer(database).await?;
    let missing = pending(database).await?;
    if missing == 0 {
        return Ok(0);
    }
    let Target::Postgres(options) = &database.target else {
        Migrator::up(&database.upkeep, None).await?;
        return Ok(missing);
    };
    let mut lock = sqlx::PgConnection::connect_with(options).await?;
    sqlx::query("SELECT pg_advisory_lock($1)").bind(ADVISORY_LOCK).execute(&mut lock).await?;
    let missing = pending(database).await?;
    if missing > 0 {
        Migrator::up(&database.upkeep, None).await?;
    }
    lock.close().await?;
    Ok(missing)
}

/// Refuses a database that lacks migrations or belongs to a newer program.
pub async fn check(database: &Database) -> Result<(), Error> {
    refuse_newer(database).await?;
    match pending(database).await? {
        0 => Ok(()),
        missing => Err(Error::NotMigrated(missing)),
    }
}

async fn pending(database: &Database) -> Result<usize, Error> {
    if !has_table(database, "tasker_migrations").await? {
        return Ok(Migrator::migrations().len());
    }
    let sql = "SELECT version FROM tasker_migrations";
    let rows = database.upkeep.query_all_raw(Statement::from_string(backend(database), sql)).await?;
    let applied: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
    Ok(Migrator::migrations().iter().filter(|known| !applied.iter().any(|name| name == known.name())).count())
}

async fn refuse_newer(database: &Database) -> Result<(), Error> {
    if !has_table(database, "tasker_schema").await? {
        return Ok(());
    }
    let sql = "SELECT oldest_program FROM tasker_schema WHERE id = 1";
    let row = database.upkeep.query_one_raw(Statement::from_string(backend(database), sql)).await?;
    let needed: String =
        row.ok_or_else(|| Error::Corrupt("tasker_schema is empty".into()))?.try_get_by_index(0)?;
    let program = env!("CARGO_PKG_VERSION");
    let version = |text: &str| {
        semver::Version::parse(text).map_err(|_| Error::Corrupt(format!("program version {text}")))
    };
    if version(&needed)? > version(program)? {
        return Err(Error::NewerSchema { needed, program: program.into() });
    }
    Ok(())
}

async fn has_table(database: &Database, name: &str) -> Result<bool, Error> {
    let sql = match database.upkeep.get_database_backend() {
        DatabaseBackend::Postgres => {
            "SELECT 1 FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = $1"
        }
        _ => "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1",
    };
    let statement = Statement::from_sql_and_values(backend(database), sql, [name.into()]);
    Ok(database.upkeep.query_one_raw(statement).await?.is_some())
}

fn backend(database: &Database) -> DatabaseBackend {
    database.upkeep.get_database_backend()
}
