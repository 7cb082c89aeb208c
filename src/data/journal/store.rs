//! The writer's own connection, to either database.

use std::time::Duration;

use super::{
    batch::Batch,
    entry::{Addition, Claim},
    postgres::Postgres,
    sqlite::Sqlite,
};
use crate::{
    data::{Error, connect::Target, node::Identity},
    model::id::TaskId,
};

/// What a flush cost and where its events begin.
pub(super) struct Flushed {
    /// Position of the first event; `None` when that has to be read from the log.
    pub first: Option<i64>,
    /// Statements that were sent.
    pub statements: u64,
}

/// How a flush failed, by what to do about it.
pub(super) enum Failed {
    /// Nothing was written. Try again.
    Again(Error),
    /// Nothing was written, perhaps because it was too much at once. Try again, and then with less.
    Large(Error),
    /// Nothing was written, and one of the changes is to blame.
    Blame(Error),
    /// Nothing was written, nor will it ever be by this node.
    Fenced,
}

/// Either database.
pub(super) enum Store {
    Sqlite(Box<Sqlite>),
    Postgres(Box<Postgres>),
}

impl Store {
    pub(super) async fn open(target: &Target, identity: Identity, patience: Duration) -> Result<Self, Error> {
        Ok(match target {
            Target::Sqlite(path) => Self::Sqlite(Box::new(Sqlite::open(path, identity)?)),
            Target::Postgres(options) => {
                Self::Postgres(Box::new(Postgres::open(options, identity, patience).await?))
            }
        })
    }

    pub(super) async fn flush(&mut self, batch: &Batch<'_>) -> Result<Flushed, Failed> {
        match self {
            Self::Sqlite(store) => store.flush(batch),
            Self::Postgres(store) => store.flush(batch).await,
        }
    }

    pub(super) async fn claim(&mut self, claim: &Claim) -> Result<Vec<TaskId>, Failed> {
        match self {
            Self::Sqlite(store) => store.claim(claim),
            Self::Postgres(store) => store.claim(claim).await,
        }
    }

    /// `batch` is what is recorded of it.
    pub(super) async fn delete(&mut self, task: TaskId, batch: &Batch<'_>) -> Result<Flushed, Failed> {
        match self {
            Self::Sqlite(store) => store.delete(task, batch),
            Self::Postgres(store) => store.delete(task, batch).await,
        }
    }

    /// `batch` is what the logs have of it.
    pub(super) async fn add(
        &mut self,
        task: TaskId,
        addition: &Addition,
        batch: &Batch<'_>,
    ) -> Result<Flushed, Failed> {
        match self {
            Self::Sqlite(store) => store.add(task, addition, batch),
            Self::Postgres(store) => store.add(task, addition, batch).await,
        }
    }

    pub(super) async fn adopt(&mut self, identity: Identity) -> Result<(), Error> {
        match self {
            Self::Sqlite(store) => store.adopt(identity),
            Self::Postgres(store) => store.adopt(identity).await?,
        }
        Ok(())
    }

    /// Whether a node that was taken over may get a new identity. A SQLite file has one engine: it has another one now.
    pub(super) const fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    pub(super) async fn close(self) {
        match self {
            Self::Sqlite(store) => drop(store),
            Self::Postgres(store) => store.close().await,
        }
    }
}
