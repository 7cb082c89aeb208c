//! The journal: the one writer of task and step status, with the events, in groups.
//!
//! Everybody hands their changes to it. It takes what is waiting, writes it in one transaction, then answers
//! each sender and publishes the events. Alone, a change costs one commit; under load hundreds share one.
//! It runs on a thread of its own, so that no handler can starve it.

mod batch;
mod counted;
mod entry;
mod postgres;
mod sqlite;
mod statistics;
mod store;
mod writer;

pub use entry::{Addition, Claim};
pub use statistics::{Statistics, Totals};

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use self::{
    entry::{Entry, Queued},
    store::Store,
    writer::Writer,
};
use super::{Database, Error, log::EventLog, node::Identity};
use crate::{
    metrics::Metrics,
    model::{
        audit::AuditRecord,
        change::{Change, NewTask},
        event::Event,
        id::TaskId,
    },
};

/// A handle on the writer. Cheap to clone; the writer stops when the last one is gone.
#[derive(Clone)]
pub struct Journal {
    queue: mpsc::Sender<Queued>,
    /// Entries that were sent.
    sent: Arc<AtomicU64>,
    statistics: Arc<Statistics>,
    lost: CancellationToken,
}

/// How much is written at once, and how much may wait.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Entries that may wait before senders do.
    pub queue: usize,
    /// Rows in one transaction, about.
    pub flush_rows: usize,
    /// How long a PostgreSQL server may take to answer; then its connection is given up.
    pub patience: Duration,
}

impl Journal {
    /// Opens the writer's own connection and starts its thread.
    pub async fn start(
        database: &Database,
        identity: Identity,
        settings: Settings,
        log: EventLog,
        metrics: Metrics,
    ) -> Result<Self, Error> {
        let (queue, entries) = mpsc::channel(settings.queue);
        let statistics = Arc::new(Statistics::default());
        let target = database.target.clone();
        let own = statistics.clone();
        let lost = CancellationToken::new();
        let tell = lost.clone();
        let (opened, answer) = oneshot::channel();
        let work = move || {
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => return drop(opened.send(Err(Error::Unavailable(Box::new(error))))),
            };
            runtime.block_on(async move {
                match Store::open(&target, identity, settings.patience).await {
                    Ok(store) => {
                        let _ = opened.send(Ok(()));
                        Writer::new(store, entries, settings, log, own, metrics, tell).run().await;
                    }
                    Err(error) => drop(opened.send(Err(error))),
                }
            });
        };
        std::thread::Builder::new()
            .name("journal".into())
            .spawn(work)
            .map_err(|error| Error::Unavailable(Box::new(error)))?;
        answer.await.map_err(|_| Error::Stopped)??;
        Ok(Self { queue, sent: Arc::default(), statistics, lost })
    }

    /// Stores new tasks, all or none, and what the audit log says of them; answers when they are durable. Refused
    /// when too much is waiting.
    pub async fn create(&self, tasks: Vec<NewTask>, audit: Vec<AuditRecord>) -> Result<(), Error> {
        let (ack, answer) = oneshot::channel();
        self.offer(Entry::Create { tasks, audit, ack })?;
        answer.await.map_err(|_| Error::Stopped)?
    }

    /// Writes a change; answers when it is durable. Waits for room.
    pub async fn commit(&self, change: Change) -> Result<(), Error> {
        let (ack, answer) = oneshot::channel();
        self.send(Entry::Change { change: Box::new(change), ack: Some(ack) }).await?;
        answer.await.map_err(|_| Error::Stopped)?
    }

    /// Writes a change in its turn; the next [`Self::commit`] for the task tells how it went.
    pub async fn note(&self, change: Change) -> Result<(), Error> {
        self.send(Entry::Change { change: Box::new(change), ack: None }).await
    }

    /// Takes free tasks for this node; answers with those it got.
    pub async fn claim(&self, claim: Claim) -> Result<Vec<TaskId>, Error> {
        let (ack, answer) = oneshot::channel();
        self.send(Entry::Claim { claim, ack }).await?;
        answer.await.map_err(|_| Error::Stopped)?
    }

    /// Removes a settled task with everything it has; only the event and the audit log's record stay.
    pub async fn delete(&self, task: TaskId, event: Event, audit: Option<AuditRecord>) -> Result<(), Error> {
        let (ack, answer) = oneshot::channel();
        let (event, audit) = (Box::new(event), audit.map(Box::new));
        self.send(Entry::Delete { task, event, audit, ack }).await?;
        answer.await.map_err(|_| Error::Stopped)?
    }

    /// Adds something about a task that changes nothing about it, with what the audit log says of it; refused by
    /// [`Error::Guard`] where the task is gone. Answers with the position of what is in the log, unless the
    /// connection was lost and the log has to be asked.
    pub async fn add(
        &self,
        task: TaskId,
        addition: Addition,
        audit: Option<AuditRecord>,
    ) -> Result<Option<i64>, Error> {
        let (ack, answer) = oneshot::channel();
        let audit = audit.map(Box::new);
        self.offer(Entry::Add { task, addition, audit, ack })?;
        answer.await.map_err(|_| Error::Stopped)?
    }

    /// From now on it writes as another node: the old lease was lost and a new one taken. `then` is carried out
    /// in between, also when nobody waits for the answer any more.
    pub async fn adopt(&self, identity: Identity, then: impl FnOnce() + Send + 'static) -> Result<(), Error> {
        let (ack, answer) = oneshot::channel();
        self.send(Entry::Adopt { identity, then: Box::new(then), ack }).await?;
        answer.await.map_err(|_| Error::Stopped)?
    }

    /// Takes nothing more, writes what waits, and closes its connection.
    pub async fn close(&self) -> Result<(), Error> {
        let (ack, answer) = oneshot::channel();
        self.send(Entry::Close { ack }).await?;
        answer.await.map_err(|_| Error::Stopped)?
    }

    /// Completed when it takes nothing more: it was closed, or its thread is gone.
    pub async fn ended(&self) {
        self.queue.closed().await;
    }

    /// Completed when another program has taken the SQLite file over.
    pub async fn lost(&self) {
        self.lost.cancelled().await;
    }

    /// What it has done so far.
    pub fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    /// Entries that wait.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Entries that have not been dealt with, waiting or being written.
    pub fn unwritten(&self) -> usize {
        let sent = self.sent.load(Ordering::Acquire);
        usize::try_from(sent.saturating_sub(self.statistics.dealt_with())).unwrap_or(usize::MAX)
    }

    fn offer(&self, entry: Entry) -> Result<(), Error> {
        self.queue.try_send(entry.into()).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Error::Overloaded,
            mpsc::error::TrySendError::Closed(_) => Error::Stopped,
        })?;
        self.sent.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }

    async fn send(&self, entry: Entry) -> Result<(), Error> {
        self.queue.send(entry.into()).await.map_err(|_| Error::Stopped)?;
        self.sent.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }
}
