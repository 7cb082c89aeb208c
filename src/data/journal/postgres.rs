//! The flush on PostgreSQL: one statement, one round trip, built from the sections that have rows.

mod arrays;
mod patience;
mod text;

use std::{collections::HashMap, time::Duration};

use sqlx::{Connection, PgConnection, Row, postgres::PgConnectOptions};

use self::{arrays::Arrays, patience::within};
use super::{
    batch::Batch,
    entry::{Addition, Claim},
    store::{Failed, Flushed},
};
use crate::{
    data::{Error, node::Identity},
    model::id::TaskId,
};

/// One good plan from an empty database to a full one.
const SESSION: [(&str, &str); 8] = [
    ("jit", "off"),
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    // The server notices that this node is gone, and gives back what it has locked for it.
    ("tcp_keepalives_idle", "10"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
];

pub(in crate::data::journal) struct Postgres {
    options: PgConnectOptions,
    connection: Option<PgConnection>,
    identity: Identity,
    /// The node row's `flush_no` after the last flush that is known to be committed. A statement that comes with
    /// another one is too late.
    flush_no: i64,
    /// The answer to this was lost: nothing is written before it is known what became of it.
    in_doubt: Option<Sent>,
    /// A server that takes longer to answer is given up, and its connection with it.
    patience: Duration,
    texts: HashMap<text::Sections, &'static str>,
}

/// What was sent when the connection was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    /// A flush, which comes again until it is known.
    Flush,
    /// Something whose sender was told that it failed.
    Other,
}

impl Postgres {
    pub(in crate::data::journal) async fn open(
        options: &PgConnectOptions,
        identity: Identity,
        patience: Duration,
    ) -> Result<Self, Error> {
        // A statement that waits for a lock is undone by the server first, which leaves no doubt.
        let lock_timeout = [("lock_timeout", (patience * 3 / 4).as_millis())];
        let options = options.clone().options(SESSION).options(lock_timeout);
        let (connection, texts) = (None, HashMap::new());
        let mut store = Self { options, connection, identity, flush_no: 0, in_doubt: None, patience, texts };
        store.adopt(identity).await?;
        Ok(store)
    }

    pub(in crate::data::journal) async fn adopt(&mut self, identity: Identity) -> Result<(), Error> {
        self.flush_no = self.read_flush_no(identity).await?.ok_or(Error::Fenced)?;
        self.identity = identity;
        self.in_doubt = None;
        Ok(())
    }

    pub(in crate::data::journal) async fn flush(&mut self, batch: &Batch<'_>) -> Result<Flushed, Failed> {
        if self.settle().await? == Some(Sent::Flush) {
            return Ok(Flushed { first: None, statements: 1 });
        }
        let arrays = Arrays::of(batch);
        let sections = arrays.sections();
        let text = *self.texts.entry(sections).or_insert_with(|| text::build(sections).leak());
        let (Identity { id, epoch }, flush_no, patience) = (self.identity, self.flush_no, self.patience);
        let outcome = match self.connection().await {
            Ok(connection) => {
                let query = sqlx::query(text).bind(id.0).bind(epoch).bind(flush_no);
                within(patience, arrays.bind(query).fetch_one(connection)).await
            }
            Err(error) => return Err(Failed::Again(error.into())),
        };
        self.finish(outcome, Sent::Flush).await
    }

    pub(in crate::data::journal) async fn claim(&mut self, claim: &Claim) -> Result<Vec<TaskId>, Failed> {
        self.settle().await?;
        let (Identity { id, epoch }, flush_no, patience) = (self.identity, self.flush_no, self.patience);
        let connection = self.connection().await.map_err(|error| Failed::Again(error.into()))?;
        let query = match claim {
            Claim::Due { limit, now } => sqlx::query(include_str!("../sql/claim_postgres.sql"))
                .bind(id.0)
                .bind(epoch)
                .bind(i64::try_from(*limit).unwrap_or(i64::MAX))
                .bind(now.0)
                .bind(flush_no),
            Claim::One(task) => sqlx::query(
                "WITH fence AS (UPDATE tasker_nodes SET flush_no = flush_no
                     WHERE id = $1 AND epoch = $2 AND flush_no = $4 RETURNING 1),
                 taken AS (UPDATE tasker_tasks SET owner = $1 FROM fence WHERE id = $3 AND owner IS NULL RETURNING id)
                 SELECT (SELECT count(*) FROM fence), ARRAY(SELECT id FROM taken)",
            )
            .bind(id.0)
            .bind(epoch)
            .bind(task.0)
            .bind(flush_no),
            // Locked in key order, as flushes of other nodes lock them.
            Claim::These(tasks) => sqlx::query(
                "WITH fence AS (UPDATE tasker_nodes SET flush_no = flush_no
                     WHERE id = $1 AND epoch = $2 AND flush_no = $4 RETURNING 1),
                 free AS MATERIALIZED (SELECT t.id FROM tasker_tasks t, fence WHERE t.id = ANY ($3) AND t.owner IS NULL
                     ORDER BY t.id FOR UPDATE OF t SKIP LOCKED),
                 taken AS (UPDATE tasker_tasks t SET owner = $1 FROM free WHERE t.id = free.id RETURNING t.id)
                 SELECT (SELECT count(*) FROM fence), ARRAY(SELECT id FROM taken)",
            )
            .bind(id.0)
            .bind(epoch)
            .bind(tasks.iter().map(|task| task.0).collect::<Vec<_>>())
            .bind(flush_no),
        };
        match within(patience, query.fetch_one(connection)).await {
            Ok(row) if row.get::<i64, _>(0) == 0 => Err(Failed::Fenced),
            Ok(row) => Ok(row.get::<Vec<uuid::Uuid>, _>(1).into_iter().map(TaskId).collect()),
            Err(sqlx::Error::Database(error)) if !ends_connection(&*error) => {
                Err(Failed::Again(Error::Unavailable(error.into_error())))
            }
            Err(error) => {
                // What was taken by a claim whose answer was lost is this node's without its knowing. Once the
                // doubt is settled nothing more can be, and the sweep for owned tasks that nobody runs finds it.
                self.connection = None;
                self.in_doubt = Some(Sent::Other);
                let _ = self.settle().await;
                Err(Failed::Again(error.into()))
            }
        }
    }

    pub(in crate::data::journal) async fn delete(
        &mut self,
        task: TaskId,
        batch: &Batch<'_>,
    ) -> Result<Flushed, Failed> {
        let arrays = Arrays::of(batch);
        self.settle().await?;
        let (Identity { id, epoch }, flush_no, patience) = (self.identity, self.flush_no, self.patience);
        let connection = self.connection().await.map_err(|error| Failed::Again(error.into()))?;
        let query = sqlx::query(text::DELETE.as_str()).bind(id.0).bind(epoch).bind(flush_no).bind(task.0);
        let outcome = within(patience, arrays.bind_told(query).fetch_one(connection)).await;
        self.finish(outcome, Sent::Other).await
    }

    pub(in crate::data::journal) async fn add(
        &mut self,
        task: TaskId,
        addition: &Addition,
        batch: &Batch<'_>,
    ) -> Result<Flushed, Failed> {
        let arrays = Arrays::of(batch);
        self.settle().await?;
        let (Identity { id, epoch }, flush_no, patience) = (self.identity, self.flush_no, self.patience);
        let connection = self.connection().await.map_err(|error| Failed::Again(error.into()))?;
        let text = match addition {
            Addition::Event(_) => &*text::ADD_EVENT,
            Addition::Annotation(_) => &*text::ANNOTATE,
        };
        let query = sqlx::query(text.as_str()).bind(id.0).bind(epoch).bind(flush_no).bind(task.0);
        let query = match addition {
            Addition::Event(_) => arrays.bind_told(query),
            Addition::Annotation(note) => arrays.bind_note(query, note),
        };
        let outcome = within(patience, query.fetch_one(connection)).await;
        self.finish(outcome, Sent::Other).await
    }

    /// Commit or not? The node's own counter knows.
    async fn finish(
        &mut self,
        outcome: Result<sqlx::postgres::PgRow, sqlx::Error>,
        sent: Sent,
    ) -> Result<Flushed, Failed> {
        match outcome {
            Ok(row) => {
                self.flush_no += 1;
                let base: Option<i64> = row.get(0);
                Ok(Flushed { first: Some(base.map_or(0, |base| base + 1)), statements: 1 })
            }
            Err(sqlx::Error::Database(error)) if !ends_connection(&*error) => Err(self.refused(error).await),
            Err(error) => {
                self.connection = None;
                self.in_doubt = Some(sent);
                match self.settle().await? {
                    Some(_) => Ok(Flushed { first: None, statements: 1 }),
                    None if is_too_long(&error) => Err(Failed::Large(error.into())),
                    None => Err(Failed::Again(error.into())),
                }
            }
        }
    }

    /// Finds out about a lost answer: what was sent, if it is committed.
    ///
    /// The server may not know that the connection is gone, and still work on it: both lock the node's row, so this
    /// waits. What has not even begun comes too late, because the counter goes on. It goes on by two and a flush by
    /// one: if this answer is lost as well, asking again finds the same.
    async fn settle(&mut self) -> Result<Option<Sent>, Failed> {
        let Some(sent) = self.in_doubt else { return Ok(None) };
        let (Identity { id, epoch }, patience) = (self.identity, self.patience);
        let sql =
            "UPDATE tasker_nodes SET flush_no = flush_no + 2 WHERE id = $1 AND epoch = $2 RETURNING flush_no";
        let connection = self.connection().await.map_err(|error| Failed::Again(error.into()))?;
        let query = sqlx::query_scalar::<_, i64>(sql).bind(id.0).bind(epoch);
        match within(patience, query.fetch_optional(connection)).await {
            Ok(Some(now)) => {
                let committed = (now - self.flush_no) % 2 != 0;
                self.flush_no = now;
                self.in_doubt = None;
                Ok(committed.then_some(sent))
            }
            Ok(None) => Err(Failed::Fenced),
            Err(error) => {
                self.connection = None;
                Err(Failed::Again(error.into()))
            }
        }
    }

    async fn refused(&mut self, error: Box<dyn sqlx::error::DatabaseError>) -> Failed {
        let code = error.code().unwrap_or_default().into_owned();
        match code.as_str() {
            // Division by zero: a count in the statement is not what it must be.
            "22012" => match self.read_flush_no(self.identity).await {
                Ok(Some(_)) => Failed::Blame(Error::Guard),
                Ok(None) => Failed::Fenced,
                Err(error) => Failed::Again(error),
            },
            "23505" => Failed::Blame(Error::Duplicate),
            _ if code.starts_with("22") || code.starts_with("23") || code.starts_with("54") => {
                Failed::Blame(Error::Refused(error.message().to_owned()))
            }
            // Out of memory.
            "53200" => Failed::Large(Error::Unavailable(error.into_error())),
            _ => {
                // Deadlocks, failed serialization, a full disk. Plans that are gone, or were made for other tables.
                if code.starts_with("26") || code == "0A000" {
                    self.connection = None;
                }
                Failed::Again(Error::Unavailable(error.into_error()))
            }
        }
    }

    /// The counter, if the epoch is still the node's own.
    async fn read_flush_no(&mut self, Identity { id, epoch }: Identity) -> Result<Option<i64>, Error> {
        let patience = self.patience;
        let connection = self.connection().await?;
        let sql = "SELECT flush_no FROM tasker_nodes WHERE id = $1 AND epoch = $2";
        let query = sqlx::query_scalar(sql).bind(id.0).bind(epoch);
        let answer = within(patience, query.fetch_optional(connection)).await;
        if answer.is_err() {
            self.connection = None;
        }
        Ok(answer?)
    }

    async fn connection(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        match self.connection {
            Some(ref mut open) => Ok(open),
            None => {
                let opened = within(self.patience, PgConnection::connect_with(&self.options)).await?;
                Ok(self.connection.insert(opened))
            }
        }
    }

    /// Says goodbye to the server.
    pub(in crate::data::journal) async fn close(self) {
        if let Some(connection) = self.connection {
            let _ = within(self.patience, connection.close()).await;
        }
    }
}

/// The server says goodbye (class 57: shut down, terminated; class 08): what it was doing may be committed.
fn ends_connection(error: &dyn sqlx::error::DatabaseError) -> bool {
    error.code().is_some_and(|code| code.starts_with("57P") || code.starts_with("08"))
}

/// The server has refused a message for its length.
fn is_too_long(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == "08P01")
}
