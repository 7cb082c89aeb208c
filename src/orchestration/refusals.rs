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
        time::Timestamp,
    },
};

/// How long refusals that are alike are one record.
const TOGETHER: Duration = Duration::from_secs(60);

/// How soon they are written.
const SOON: Duration = Duration::from_secs(1);

/// Kinds of refusals of one subject that are told apart at one time; the rest is counted in one record for each code.
/// All who have not signed in are one subject.
const MOST_OF_ONE: usize = 20;

/// The same of all subjects together: of the rest, only the code is told.
const MOST: usize = 2_000;

/// How long they are kept.
const KEPT: Duration = Duration::from_secs(90 * 86_400);

/// How often those that are older are removed.
const SWEEP: Duration = Duration::from_secs(3_600);

/// Takes refusals down. Cheap to clone.
#[derive(Clone)]
pub struct Refusals {
    inner: Arc<Inner>,
}

struct Inner {
    database: Database,
    clock: Clock,
    open: Mutex<Open>,
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
    place: Option<Place>,
}

/// The namespace of what it was about, and the task.
pub type Place = (String, Option<TaskId>);

#[derive(Clone)]
struct Counted {
    record: AuditRecord,
    written: u64,
}

/// Those of the last minute, or not written yet.
#[derive(Default)]
struct Open {
    kinds: HashMap<Kind, Counted>,
    /// How many of them each subject has.
    of_one: HashMap<Option<Arc<str>>, usize>,
    /// A minute old, and to be written once more.
    old: Vec<Counted>,
}

impl Open {
    fn has_room_for(&self, kind: &Kind) -> bool {
        let own = self.of_one.get(&kind.subject).copied().unwrap_or(0);
        self.kinds.contains_key(kind) || own < MOST_OF_ONE && self.kinds.len() < MOST
    }

    /// The count of this kind, begun anew where it is a minute old.
    fn count(&mut self, kind: Kind, new: impl FnOnce() -> AuditRecord, now: Timestamp) -> &mut Counted {
        let is_old = |counted: &Counted| now.since(counted.record.occurred_at) >= TOGETHER;
        if self.kinds.get(&kind).is_some_and(is_old) {
            let old = self.forget(&kind);
            self.old.extend(old);
        }
        let of_one = &mut self.of_one;
        self.kinds.entry(kind).or_insert_with_key(|kind| {
            *of_one.entry(kind.subject.clone()).or_default() += 1;
            Counted { record: AuditRecord { count: 0, ..new() }, written: 0 }
        })
    }

    fn forget(&mut self, kind: &Kind) -> Option<Counted> {
        let counted = self.kinds.remove(kind)?;
        if let Some(own) = self.of_one.get_mut(&kind.subject) {
            *own -= 1;
            if *own == 0 {
                self.of_one.remove(&kind.subject);
            }
        }
        Some(counted)
    }
}

impl Refusals {
    /// Into this database.
    pub fn new(database: Database, clock: Clock) -> Self {
        let inner = Inner { database, clock, open: Mutex::default(), writing: tokio::sync::Mutex::default() };
        Self { inner: Arc::new(inner) }
    }

    /// Takes one down; it is in the log within a second or so.
    pub fn note(&self, act: Act, place: Option<Place>) {
        let now = self.inner.clock.now();
        let kind = Kind {
            subject: act.subject.clone(),
            code: act.code.clone(),
            fields: act.fields.clone(),
            missing: act.missing.clone(),
            place: place.clone(),
        };
        let mut open = self.open();
        let (kind, act, place) = match open.has_room_for(&kind) {
            true => (kind, act, place),
            false => other(act, open.kinds.len() >= MOST),
        };
        let new = || match place {
            Some((namespace, Some(task))) => AuditRecord::new(act, now).within(namespace).about(task),
            Some((namespace, None)) => AuditRecord::new(act, now).within(namespace),
            None => AuditRecord::new(act, now),
        };
        let counted = open.count(kind, new, now);
        counted.record.count += 1;
        counted.record.last_at = now;
        if counted.record.count == 1 {
            audit::report(&counted.record);
        }
    }

    /// Writes what is not written yet; what is a minute old is done with.
    pub async fn write(&self) -> Result<(), Error> {
        let _turn = self.inner.writing.lock().await;
        let (old, due) = {
            let mut open = self.open();
            let unwritten = |counted: &&Counted| counted.record.count > counted.written;
            let due: Vec<AuditRecord> =
                open.kinds.values().filter(unwritten).map(|counted| counted.record.clone()).collect();
            (std::mem::take(&mut open.old), due)
        };
        let all: Vec<AuditRecord> = old.iter().map(|counted| counted.record.clone()).chain(due).collect();
        if !all.is_empty()
            && let Err(error) = audit::count(&self.inner.database, &all).await
        {
            self.open().old.extend(old);
            return Err(error);
        }
        old.iter()
            .filter(|counted| counted.record.count > 1)
            .for_each(|counted| audit::report(&counted.record));
        self.done_with(&all);
        Ok(())
    }

    /// These are written as they are.
    fn done_with(&self, written: &[AuditRecord]) {
        let now = self.inner.clock.now();
        let written: HashMap<_, _> = written.iter().map(|record| (record.id, record.count)).collect();
        let mut open = self.open();
        let mut over = Vec::new();
        for (kind, counted) in &mut open.kinds {
            if let Some(count) = written.get(&counted.record.id) {
                counted.written = *count;
            }
            let is_old = now.since(counted.record.occurred_at) >= TOGETHER;
            if is_old && counted.written == counted.record.count {
                over.push(kind.clone());
            }
        }
        for kind in over {
            let counted = open.forget(&kind);
            counted
                .iter()
                .filter(|counted| counted.record.count > 1)
                .for_each(|counted| audit::report(&counted.record));
        }
    }

    /// Removes what was refused long ago.
    async fn sweep(&self) -> Result<(), Error> {
        let now = self.inner.clock.now();
        let before =
            i64::try_from(KEPT.as_micros()).map_or(Timestamp(i64::MIN), |kept| Timestamp(now.0 - kept));
        audit::remove_refusals(&self.inner.database, before).await
    }

    /// Writes now and then, until `stop`, and then once more.
    pub async fn keep(self, stop: CancellationToken) {
        let mut swept: Option<tokio::time::Instant> = None;
        loop {
            let stopped = stop.run_until_cancelled(tokio::time::sleep(SOON)).await.is_none();
            if !stopped && swept.is_none_or(|swept| swept.elapsed() > SWEEP) {
                swept = Some(tokio::time::Instant::now());
                if let Err(error) = self.sweep().await {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, "old refusals could not be removed from the audit log");
                }
            }
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

    fn open(&self) -> MutexGuard<'_, Open> {
        self.inner.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of too many kinds: only who it was and its code are told, or only its code.
fn other(act: Act, of_all: bool) -> (Kind, Act, Option<Place>) {
    let subject = act.subject.filter(|_| !of_all);
    let act = Act {
        subject: subject.clone(),
        credential: None,
        operation: None,
        fields: Vec::new(),
        permissions: Vec::new(),
        missing: Vec::new(),
        request_id: None,
        ..act
    };
    let (fields, missing) = (Vec::new(), Vec::new());
    (Kind { subject, code: act.code.clone(), fields, missing, place: None }, act, None)
}
