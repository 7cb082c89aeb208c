//! The loop: take what is waiting, write it, answer.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{sync::mpsc, time};
use tokio_util::sync::CancellationToken;

use super::{
    Settings,
    batch::Batch,
    counted,
    entry::{Ack, Addition, Entry, Queued},
    statistics::Statistics,
    store::{Failed, Flushed, Store},
};
use crate::{
    data::{Error, audit, log::EventLog},
    metrics::Metrics,
    model::event::Event,
};

/// How long a change that nobody waits for may wait for company.
const PATIENCE: Duration = Duration::from_millis(2);

/// Entries taken at once; the rows they write are the real measure.
const TAKE: usize = 2_000;

/// What users gave, in one transaction, about.
const FLUSH_BYTES: usize = 16 << 20;

/// Tries of what may be too much at once.
const TRIES: usize = 3;

pub(super) struct Writer {
    store: Store,
    entries: mpsc::Receiver<Queued>,
    settings: Settings,
    log: EventLog,
    statistics: Arc<Statistics>,
    metrics: Metrics,
    /// Nothing is written any more as this node.
    fenced: bool,
    /// Told when that can't be mended.
    lost: CancellationToken,
    /// Told when everything is written and the connection is closed.
    closing: Vec<Ack<()>>,
}

impl Writer {
    pub(super) fn new(
        store: Store,
        entries: mpsc::Receiver<Queued>,
        settings: Settings,
        log: EventLog,
        statistics: Arc<Statistics>,
        metrics: Metrics,
        lost: CancellationToken,
    ) -> Self {
        let (fenced, closing) = (false, Vec::new());
        Self { store, entries, settings, log, statistics, metrics, fenced, lost, closing }
    }

    pub(super) async fn run(mut self) {
        let mut taken = Vec::new();
        while self.entries.recv_many(&mut taken, TAKE).await > 0 {
            self.wait_for_company(&mut taken).await;
            if let Some(first) = taken.first() {
                self.metrics.journal_wait_seconds.observe(first.since.elapsed().as_secs_f64());
            }
            let entries = taken.len();
            let mut waiting = taken.drain(..).map(|queued| queued.entry).peekable();
            while let Some(entry) = waiting.next() {
                if !entry.is_grouped() {
                    self.single(entry).await;
                    continue;
                }
                let (mut rows, mut bytes) = (entry.rows(), entry.bytes());
                let mut group = vec![entry];
                while let Some(next) = waiting.next_if(|next| {
                    let fits = rows < self.settings.flush_rows && bytes + next.bytes() <= FLUSH_BYTES;
                    next.is_grouped() && fits
                }) {
                    rows += next.rows();
                    bytes += next.bytes();
                    group.push(next);
                }
                self.flush(group).await;
            }
            self.statistics.taken(entries);
        }
        self.store.close().await;
        for ack in self.closing {
            let _ = ack.send(Ok(()));
        }
    }

    /// Starts that nobody waits for do not deserve a commit of their own: their ends are near.
    async fn wait_for_company(&mut self, taken: &mut Vec<Queued>) {
        if !taken.iter().all(|queued| queued.entry.is_patient()) {
            return;
        }
        let deadline = time::Instant::now() + PATIENCE;
        while taken.iter().all(|queued| queued.entry.is_patient()) && taken.len() < TAKE {
            match time::timeout_at(deadline, self.entries.recv_many(taken, TAKE)).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
    }

    /// Writes a group; on a failure that one of them is to blame for, halves it until that one stands alone.
    async fn flush(&mut self, group: Vec<Entry>) {
        let mut open = vec![group];
        while let Some(mut group) = open.pop() {
            match self.write(&group).await {
                Ok(flushed) => self.acknowledge(group, flushed),
                Err(Failed::Blame(error)) if group.len() == 1 => {
                    for entry in group {
                        entry.answer(Err(error_again(&error)));
                    }
                }
                Err(Failed::Large(error)) if group.len() == 1 => {
                    let refused = Error::Refused(format!("it is too much at once: {}", chain(&error)));
                    group.into_iter().for_each(|entry| entry.answer(Err(error_again(&refused))));
                }
                Err(Failed::Blame(_) | Failed::Large(_)) => {
                    let rest = group.split_off(group.len() / 2);
                    open.push(rest);
                    open.push(group);
                }
                Err(Failed::Fenced) => {
                    self.is_fenced();
                    group.into_iter().for_each(|entry| entry.answer(Err(Error::Fenced)));
                }
                // `write` tries again by itself.
                Err(Failed::Again(error)) => {
                    group.into_iter().for_each(|entry| entry.answer(Err(error_again(&error))));
                }
            }
        }
    }

    /// Tries until the database takes it, refuses it, or somebody else took the node over.
    async fn write(&mut self, group: &[Entry]) -> Result<Flushed, Failed> {
        if self.fenced {
            return Err(Failed::Fenced);
        }
        let batch = Batch::of(group);
        let began = Instant::now();
        let mut pause = Duration::from_millis(5);
        let mut large = 0;
        loop {
            match self.store.flush(&batch).await {
                Ok(flushed) => {
                    let took = began.elapsed();
                    self.statistics.flushed(group.len(), flushed.statements, batch.written(), took);
                    self.metrics.journal_batch_changes.observe(group.len() as f64);
                    self.metrics.journal_commit_seconds.observe(took.as_secs_f64());
                    self.metrics.database_up.set(1);
                    return Ok(flushed);
                }
                Err(Failed::Large(error)) if large == TRIES => return Err(Failed::Large(error)),
                Err(failed @ (Failed::Again(_) | Failed::Large(_))) => {
                    large += usize::from(matches!(failed, Failed::Large(_)));
                    let error = error_of(failed);
                    self.metrics.database_up.set(0);
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the journal could not write and tries again"
                    );
                    time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(1));
                }
                Err(failed) => return Err(failed),
            }
        }
    }

    fn acknowledge(&self, group: Vec<Entry>, flushed: Flushed) {
        let mut events = Vec::new();
        let mut answers = Vec::with_capacity(group.len());
        for entry in group {
            match entry {
                Entry::Create { tasks, audit, ack } => {
                    audit.iter().for_each(audit::report);
                    events.extend(tasks.into_iter().flat_map(|task| task.events));
                    answers.push(ack);
                }
                Entry::Change { change, ack } => {
                    change.audit.iter().for_each(audit::report);
                    events.extend(change.events);
                    answers.extend(ack);
                }
                Entry::Claim { .. }
                | Entry::Delete { .. }
                | Entry::Add { .. }
                | Entry::Adopt { .. }
                | Entry::Close { .. } => {}
            }
        }
        counted::count(&self.metrics, &events);
        self.publish(flushed.first, events);
        for answer in answers {
            let _ = answer.send(Ok(()));
        }
    }

    fn publish(&self, first: Option<i64>, events: Vec<Event>) {
        match first {
            Some(first) => self.log.committed(first, events),
            None => self.log.committed_somewhere(events),
        }
    }

    /// Claims, deletions, additions and changes of identity: rare, each in a transaction of its own.
    async fn single(&mut self, entry: Entry) {
        match entry {
            Entry::Claim { ack, .. } if self.fenced => drop(ack.send(Err(Error::Fenced))),
            Entry::Claim { claim, ack } => {
                let taken = self.store.claim(&claim).await;
                if matches!(taken, Err(Failed::Fenced)) {
                    self.is_fenced();
                }
                let _ = ack.send(taken.map_err(error_of));
            }
            Entry::Delete { ack, .. } if self.fenced => drop(ack.send(Err(Error::Fenced))),
            Entry::Delete { task, event, audit, ack } => {
                let batch = Batch {
                    events: vec![&event],
                    audit: audit.as_deref().into_iter().collect(),
                    ..Batch::default()
                };
                let done = self.store.delete(task, &batch).await;
                let answer = done.map(|flushed| {
                    audit.iter().for_each(|record| audit::report(record));
                    counted::count(&self.metrics, std::slice::from_ref(&event));
                    self.publish(flushed.first, vec![*event]);
                });
                let _ = ack.send(answer.map_err(error_of));
            }
            Entry::Add { ack, .. } if self.fenced => drop(ack.send(Err(Error::Fenced))),
            Entry::Add { task, addition, audit, ack } => {
                let batch = Batch {
                    events: addition.event().into_iter().collect(),
                    audit: audit.as_deref().into_iter().collect(),
                    ..Batch::default()
                };
                let done = self.store.add(task, &addition, &batch).await;
                if matches!(done, Err(Failed::Fenced)) {
                    self.is_fenced();
                }
                let answer = done.map(|flushed| {
                    audit.iter().for_each(|record| audit::report(record));
                    if let Addition::Event(event) = addition {
                        counted::count(&self.metrics, std::slice::from_ref(&event));
                        self.publish(flushed.first, vec![*event]);
                    }
                    flushed.first
                });
                let _ = ack.send(answer.map_err(error_of));
            }
            Entry::Adopt { identity, then, ack } => {
                let done = self.store.adopt(identity).await;
                if done.is_ok() {
                    self.fenced = false;
                    then();
                }
                let _ = ack.send(done);
            }
            Entry::Close { ack } => {
                self.entries.close();
                self.closing.push(ack);
            }
            grouped @ (Entry::Create { .. } | Entry::Change { .. }) => self.flush(vec![grouped]).await,
        }
    }

    fn is_fenced(&mut self) {
        self.fenced = true;
        if !self.store.is_shared() {
            self.lost.cancel();
        }
    }
}

fn error_of(failed: Failed) -> Error {
    match failed {
        Failed::Again(error) | Failed::Large(error) | Failed::Blame(error) => error,
        Failed::Fenced => Error::Fenced,
    }
}

/// What the database itself says.
fn chain(error: &Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

/// The same error once more, for the other senders.
fn error_again(error: &Error) -> Error {
    match error {
        Error::Guard => Error::Guard,
        Error::Duplicate => Error::Duplicate,
        Error::Fenced => Error::Fenced,
        Error::Refused(why) => Error::Refused(why.clone()),
        other => Error::Unavailable(other.to_string().into()),
    }
}
