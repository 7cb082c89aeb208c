//! The operations of one socket: each runs as a task of its own.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_graphql::Response;
use axum::extract::ws::Utf8Bytes;
use futures_util::stream::{BoxStream, StreamExt};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::connection::Outbound;
use super::message::Outgoing;
use crate::graphql::error::is_request_error;

/// The operations that are running, by the id their client gave them.
#[derive(Clone, Default)]
pub struct Operations(Arc<Mutex<HashMap<String, CancellationToken>>>);

/// Why an operation did not start.
#[derive(Debug, PartialEq, Eq)]
pub enum NotStarted {
    AlreadyExists,
    TooMany,
}

impl Operations {
    /// Takes the id for an operation. What is cancelled by the token stops the operation.
    pub fn start(&self, id: &str, most: usize) -> Result<CancellationToken, NotStarted> {
        let mut running = self.lock();
        let count = running.len();
        match running.entry(id.to_owned()) {
            Entry::Occupied(_) => Err(NotStarted::AlreadyExists),
            Entry::Vacant(_) if count >= most => Err(NotStarted::TooMany),
            Entry::Vacant(entry) => Ok(entry.insert(CancellationToken::new()).clone()),
        }
    }

    /// Stops the operation; its id is free again.
    pub fn stop(&self, id: &str) {
        if let Some(token) = self.lock().remove(id) {
            token.cancel();
        }
    }

    /// Stops them all.
    pub fn stop_all(&self) {
        self.lock().drain().for_each(|(_, token)| token.cancel());
    }

    /// Frees the id of an operation that has ended, unless it was stopped and the id is somebody else's by now.
    fn finish(&self, id: &str, token: &CancellationToken) {
        let mut running = self.lock();
        if !token.is_cancelled() {
            running.remove(id);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, CancellationToken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One operation on its way to the client.
pub struct Operation {
    pub id: String,
    pub token: CancellationToken,
    pub operations: Operations,
    pub outbox: mpsc::Sender<Outbound>,
}

impl Operation {
    /// Sends the answers one by one: the next is not asked for until there is room for this one.
    pub async fn run(self, answers: BoxStream<'static, Response>) {
        let token = self.token.clone();
        tokio::select! {
            biased;
            () = token.cancelled() => {}
            () = self.send_all(answers) => {}
        }
    }

    async fn send_all(&self, mut answers: BoxStream<'static, Response>) {
        let mut first = true;
        while let Some(answer) = answers.next().await {
            if first && is_request_error(&answer) {
                self.operations.finish(&self.id, &self.token);
                self.send(Outgoing::Error { id: &self.id, payload: &answer.errors }.text()).await;
                return;
            }
            first = false;
            self.send(Outgoing::Next { id: &self.id, payload: (&answer).into() }.text()).await;
        }
        // Before the client reads `complete`: then it may use the id again.
        self.operations.finish(&self.id, &self.token);
        self.send(Outgoing::Complete { id: &self.id }.text()).await;
    }

    async fn send(&self, text: Utf8Bytes) {
        // Without a receiver the socket is closing, and the token about to be cancelled.
        let _ = self.outbox.send(Outbound::Of(self.token.clone(), text)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_taken_once_and_there_are_so_many() {
        let operations = Operations::default();
        let token = operations.start("a", 2).unwrap();
        assert_eq!(operations.start("a", 2).unwrap_err(), NotStarted::AlreadyExists);
        operations.start("b", 2).unwrap();
        assert_eq!(operations.start("c", 2).unwrap_err(), NotStarted::TooMany);
        operations.stop("a");
        assert!(token.is_cancelled());
    }

    #[test]
    fn an_operation_that_was_stopped_does_not_free_the_id_of_its_successor() {
        let operations = Operations::default();
        let first = operations.start("a", 2).unwrap();
        operations.stop("a");
        let second = operations.start("a", 2).unwrap();
        operations.finish("a", &first);
        assert_eq!(operations.start("a", 2).unwrap_err(), NotStarted::AlreadyExists);
        operations.finish("a", &second);
        assert!(operations.start("a", 2).is_ok());
    }
}
