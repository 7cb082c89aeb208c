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
