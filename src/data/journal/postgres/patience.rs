//! A server that has gone without a word answers never, and its connection looks as if it would.

use std::{
    io::{Error, ErrorKind},
    time::Duration,
};

/// What `work` comes to. When that takes too long it is as if the connection were lost.
pub(super) async fn within<T>(
    patience: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    tokio::time::timeout(patience, work).await.unwrap_or_else(|_| {
        let message = format!("no answer within {}", humantime::format_duration(patience));
        Err(sqlx::Error::Io(Error::new(ErrorKind::TimedOut, message)))
    })
}
