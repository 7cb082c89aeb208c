//! What can go wrong with stored data, as far as somebody acts on it.

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It can't be reached or does not answer; trying again may help.
    #[error("the database does not answer")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The row is not as the change expects: somebody else moved it.
    #[error("the task was changed by someone else")]
    Guard,
    /// This node has lost its lease: another may run its tasks.
    #[error("this node no longer holds its lease")]
    Fenced,
    /// Another row has the same unique key.
    #[error("another task has the same key")]
    Duplicate,
    /// The database refuses the values.
    #[error("the database refuses the data: {0}")]
    Refused(String),
    /// Too much is waiting to be written.
    #[error("too many changes are waiting to be written")]
    Overloaded,
    /// The journal has stopped.
    #[error("the service is shutting down")]
    Stopped,
    /// What was to be read on from is older than what is kept of the log.
    #[error("the log is not kept that far back")]
    Expired,
    /// A stored value can't be read.
    #[error("stored data can't be read: {0}")]
    Corrupt(String),
    /// A second engine on the same SQLite file.
    #[error("{0} is in use by another tasker; stop it, or give this one its own --database-url")]
    InUse(String),
    /// The database was changed by a newer program.
    #[error("the database needs tasker {needed} or newer, and this is {program}; install the newer program")]
    NewerSchema {
        /// Oldest program that may run on it.
        needed: String,
        /// This program.
        program: String,
    },
    /// The address makes no sense.
    #[error("{0}")]
    Address(String),
    /// Migrations are missing and may not be applied.
    #[error("the database lacks {0} migration(s); run `tasker migrate` first")]
    NotMigrated(usize),
}

impl Error {
    /// Nobody gave a connection back in time: the database may be well, and this program has more to ask of it than it may
    /// at once.
    pub fn is_crowded(&self) -> bool {
        let Self::Unavailable(source) = self else { return false };
        let by_orm = source.downcast_ref::<sea_orm::DbErr>();
        matches!(by_orm, Some(sea_orm::DbErr::ConnectionAcquire(sea_orm::ConnAcquireErr::Timeout)))
            || matches!(source.downcast_ref::<sqlx::Error>(), Some(sqlx::Error::PoolTimedOut))
    }
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Unavailable(Box::new(error))
    }
}
