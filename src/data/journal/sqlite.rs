//! The flush on SQLite: one `IMMEDIATE` transaction of multi-row statements, on a connection of its own.
//!
//! The file has one engine, so a guard decides by counting before anything is undone by hand: a short count
//! rolls the transaction back.

mod annotations;
mod logs;
mod remote;
mod rows;

use std::{path::Path, time::Duration};

use rusqlite::{Connection, ErrorCode};
use uuid::Uuid;

use self::rows::{Multi, Texts, Value};
use super::{
    batch::Batch,
    entry::{Addition, Claim},
    store::{Failed, Flushed},
};
use crate::{
    data::{Error, belongings, node::Identity},
    model::id::TaskId,
};

pub(in crate::data::journal) struct Sqlite {
    connection: Connection,
    identity: Identity,
    texts: Texts,
}

impl Sqlite {
    pub(in crate::data::journal) fn open(path: &Path, identity: Identity) -> Result<Self, Error> {
        let connection = Connection::open(path).map_err(unavailable)?;
        connection.busy_timeout(Duration::from_secs(5)).map_err(unavailable)?;
        connection.set_prepared_statement_cache_capacity(128);
        let settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;
             PRAGMA wal_autocheckpoint = 4000; PRAGMA temp_store = MEMORY;";
        connection.execute_batch(settings).map_err(unavailable)?;
        Ok(Self { connection, identity, texts: Texts::new() })
    }

    pub(in crate::data::journal) fn adopt(&mut self, identity: Identity) {
        self.identity = identity;
    }

    pub(in crate::data::journal) fn flush(&mut self, batch: &Batch<'_>) -> Result<Flushed, Failed> {
        self.counted(|multi, owner| {
            multi.create_tasks(batch, owner)?;
            multi.create_steps(batch)?;
            multi.guard(batch, owner)?;
            multi.update_tasks(batch, owner)?;
            multi.update_steps(batch)?;
            multi.remote(&batch.remote)?;
            multi.settle_commands(&batch.commands)?;
            multi.audit(&batch.audit)?;
            multi.append(&batch.events)
        })
    }

    /// Fenced like a flush, and not counted: a claim that finds nothing writes nothing.
    pub(in crate::data::journal) fn claim(&mut self, claim: &Claim) -> Result<Vec<TaskId>, Failed> {
        let Identity { id, epoch } = self.identity;
        let (owner, epoch) = (Value::Integer(id.0), Value::Integer(epoch));
        let (taken, _) = self.transaction(|multi| {
            let fence = "SELECT count(*) FROM tasker_nodes WHERE id = ?1 AND epoch = ?2";
            if multi.query(fence, &[owner, epoch], |row| row.get::<_, i64>(0))? != [1] {
                return Err(Failed::Fenced);
            }
            let read = |row: &rusqlite::Row<'_>| Ok(TaskId(Uuid::from_bytes(row.get(0)?)));
            match claim {
                Claim::One(task) => {
                    let sql =
                        "UPDATE tasker_tasks SET owner = ?1 WHERE id = ?2 AND owner IS NULL RETURNING id";
                    multi.query(sql, &[owner, Value::Id(task.0)], read)
                }
                Claim::These(tasks) => {
                    let sql =
                        "UPDATE tasker_tasks SET owner = ?1 WHERE id = ?2 AND owner IS NULL RETURNING id";
                    let mut taken = Vec::new();
                    for task in tasks {
                        taken.extend(multi.query(sql, &[owner, Value::Id(task.0)], read)?);
                    }
                    Ok(taken)
                }
                Claim::Due { limit, now } => {
                    let limit = Value::Integer(i64::try_from(*limit).unwrap_or(i64::MAX));
                    let sql = include_str!("../sql/claim_sqlite.sql");
                    multi.query(sql, &[owner, limit, Value::Integer(now.0)], read)
                }
            }
        })?;
        Ok(taken)
    }

    pub(in crate::data::journal) fn delete(
        &mut self,
        task: TaskId,
        batch: &Batch<'_>,
    ) -> Result<Flushed, Failed> {
        self.counted(|multi, _| {
            let settled = "DELETE FROM tasker_tasks WHERE id = ?1 AND owner IS NULL
                 AND status IN ('complete', 'cancelled', 'resolved_manually')";
            if multi.execute(settled, &[Value::Id(task.0)])? == 0 {
                return Err(Failed::Blame(Error::Guard));
            }
            for (table, column) in belongings::TABLES {
                let gone = format!("DELETE FROM {table} WHERE {column} = ?1");
                multi.execute(&gone, &[Value::Id(task.0)])?;
            }
            multi.audit(&batch.audit)?;
            multi.append(&batch.events)
        })
    }

    pub(in crate::data::journal) fn add(
        &mut self,
        task: TaskId,
        addition: &Addition,
        batch: &Batch<'_>,
    ) -> Result<Flushed, Failed> {
        self.counted(|multi, _| {
            let there = "SELECT count(*) FROM tasker_tasks WHERE id = ?1";
            if multi.query(there, &[Value::Id(task.0)], |row| row.get::<_, i64>(0))? != [1] {
                return Err(Failed::Blame(Error::Guard));
            }
            if let Addition::Annotation(annotation) = addition {
                multi.annotate(annotation)?;
            }
            multi.audit(&batch.audit)?;
            multi.append(&batch.events)
        })
    }

    /// A transaction that the node's counter counts, if the epoch is still its own.
    fn counted(
        &mut self,
        work: impl FnOnce(&mut Multi<'_>, i64) -> Result<Option<i64>, Failed>,
    ) -> Result<Flushed, Failed> {
        let Identity { id, epoch } = self.identity;
        let (first, statements) = self.transaction(|multi| {
            let fence = "UPDATE tasker_nodes SET flush_no = flush_no + 1 WHERE id = ?1 AND epoch = ?2";
            match multi.execute(fence, &[Value::Integer(id.0), Value::Integer(epoch)])? {
                1 => work(multi, id.0),
                _ => Err(Failed::Fenced),
            }
        })?;
        Ok(Flushed { first: Some(first.unwrap_or(0)), statements })
    }

    /// Everything or nothing; answers with the number of its statements as well.
    fn transaction<T>(
        &mut self,
        work: impl FnOnce(&mut Multi<'_>) -> Result<T, Failed>,
    ) -> Result<(T, u64), Failed> {
        let mut multi = Multi::new(&self.connection, &mut self.texts);
        multi.execute("BEGIN IMMEDIATE", &[])?;
        let done = work(&mut multi).and_then(|done| multi.execute("COMMIT", &[]).map(|_| done));
        let statements = multi.statements();
        if done.is_err() && !self.connection.is_autocommit() {
            // A failed COMMIT may have rolled back by itself.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        done.map(|done| (done, statements))
    }
}

fn unavailable(error: rusqlite::Error) -> Error {
    Error::Unavailable(Box::new(error))
}

/// What to do about an error of SQLite's.
fn failed(error: rusqlite::Error) -> Failed {
    match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) => {
            let unique = matches!(error.sqlite_error(), Some(code) if code.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE);
            Failed::Blame(if unique { Error::Duplicate } else { Error::Refused(error.to_string()) })
        }
        Some(ErrorCode::TooBig | ErrorCode::TypeMismatch | ErrorCode::ParameterOutOfRange) => {
            Failed::Blame(Error::Refused(error.to_string()))
        }
        Some(ErrorCode::OutOfMemory) => Failed::Large(unavailable(error)),
        _ => Failed::Again(unavailable(error)),
    }
}
