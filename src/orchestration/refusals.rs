//! What was refused, for the audit log. Refusals that are alike are one record a minute, with a count, so that a flood
//! of them fills neither the memory nor the disk.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use super::Clock;
use crate::{
    data::{Database, Error, audit},
    model::{
        audit::{Act, AuditRecord},
        id::TaskId,
    },
};

/// How long refusals that are alike are one record.
const TOGETHER: Duration = Duration::from_secs(60);

/// How soon they are written.
const SOON: Duration = Duration::from_secs(1);

/// Kinds of refusals that are told apart at one time; the rest is counted in one record for each code.
const MOST_KINDS: usize = 2_000;

/// Takes refusals down. Cheap to clone.
#[derive(Clone)]
pub struct Refusals {
    inner: Arc<Inner>,
}

struct Inner {
    database: Database,
    clock: Clock,
    open: Mutex<HashMap<Kind, Counted>>,
    /// One at a time writes.
    writing: tokio::sync::Mutex<()>,
}

/// What makes refusals alike.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Kind {
    subject: Option<Arc<str>>,
    code: Option<String>,
    fields: Vec<String>,
    missing: Vec<String>,
    task: Option<TaskId>,
}

struct Counted {
    record: AuditRecord,
    written: u64,
}

impl Refusals {
    /// Into this database.
    pub fn new(database: Database, clock: Clock) -> Self {
        let inner = Inner { database, clock, open: Mutex::default(), writing: tokio::sync::Mutex::default() };
        Self { inner: Arc::new(inner) }
    }

    /// Takes one down; it is in the log within a second or so.
    pub fn note(&self, act: Act, place: Option<(String, TaskId)>) {
        let now = self.inner.clock.now();
        let task = place.as_ref().map(|(_, task)| *task);
        let kind = Kind {
            subject: act.subject.clone(),
            code: act.code.clone(),
            fields: act.fields.clone(),
            missing: act.missing.clone(),
            task,
        };
        let mut open = self.open();
        let (kind, act, place) = match open.contains_key(&kind) || open.len() < MOST_KINDS {
            true => (kind, act, place),
            false => other(act),
        };
        let counted = open.entry(kind).or_insert_with(|| {
            let record = AuditRecord { count: 0, ..AuditRecord::new(act, now) };
            let record = match place {
                Some((namespace, task)) => record.within(namespace).about(task),
                None => record,
            };
            Counted { record, written: 0 }
        });
        counted.record.count += 1;
        counted.record.last_at = now;
        if counted.record.count == 1 {
            audit::report(&counted.record);
        }
    }

    /// Writes what is not written yet; what is a minute old is done with.
    pub async fn write(&self) -> Result<(), Error> {
        let _turn = self.inner.writing.lock().await;
        let due: Vec<AuditRecord> = {
            let open = self.open();
            let due = open.values().filter(|counted| counted.record.count > counted.written);
            due.map(|counted| counted.record.clone()).collect()
        };
        if !due.is_empty() {
            audit::count(&self.inner.database, &due).await?;
        }
        let now = self.inner.clock.now();
        let mut open = self.open();
        let written: HashMap<_, _> = due.iter().map(|record| (record.id, record.count)).collect();
        open.retain(|_, counted| {
            if let Some(count) = written.get(&counted.record.id) {
                counted.written = *count;
            }
            let done = now.since(counted.record.occurred_at) >= TOGETHER;
            let settled = counted.written == counted.record.count;
            if done && settled && counted.record.count > 1 {
                audit::report(&counted.record);
            }
            !(done && settled)
        });
        Ok(())
    }

    /// Writes now and then, until `stop`, and then once more.
    pub async fn keep(self, stop: CancellationToken) {
        loop {
            let stopped = stop.run_until_cancelled(tokio::time::sleep(SOON)).await.is_none();
            if let Err(error) = self.write().await {
                let error: &dyn std::error::Error = &error;
                tracing::error!(
                    error,
                    "refusals could not be written to the audit log; they are kept, and tried again"
                );
            }
            if stopped {
                return;
            }
        }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Kind, Counted>> {
        self.inner.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of too many kinds: only its code is told.
fn other(act: Act) -> (Kind, Act, Option<(String, TaskId)>) {
    let kind =
        Kind { subject: None, code: act.code.clone(), fields: Vec::new(), missing: Vec::new(), task: None };
    let act = Act {
        subject: None,
        operation: None,
        fields: Vec::new(),
        permissions: Vec::new(),
        missing: Vec::new(),
        request_id: None,
        ..act
    };
    (kind, act, None)
}
