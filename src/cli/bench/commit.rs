//! What one durable commit costs here: the yardstick for everything else.

use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection};

use super::{Latencies, place::Place};

const COMMITS: usize = 200;

/// One row inserted and committed, again and again, on a connection of its own.
pub(super) async fn measure(place: &Place) -> anyhow::Result<Latencies> {
    let mut millis = Vec::with_capacity(COMMITS);
    let url = place.url();
    if let Place::Sqlite { folder, .. } = place {
        let connection = rusqlite::Connection::open(folder.join("commit.db"))?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE yardstick (n integer)",
        )?;
        for n in 0..COMMITS {
            let began = Instant::now();
            connection.execute("INSERT INTO yardstick VALUES (?1)", [n as i64])?;
            millis.push(in_millis(began.elapsed()));
        }
    } else {
        let mut connection = PgConnection::connect(&url).await?;
        sqlx::query("CREATE TABLE yardstick (n bigint)").execute(&mut connection).await?;
        for n in 0..COMMITS {
            let began = Instant::now();
            sqlx::query("INSERT INTO yardstick VALUES ($1)").bind(n as i64).execute(&mut connection).await?;
            millis.push(in_millis(began.elapsed()));
        }
    }
    Ok(Latencies::of(millis))
}

pub(super) fn in_millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
