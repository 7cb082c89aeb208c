//! Removes what is no longer kept, little by little, on one node at a time.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use tokio::time::{interval, sleep};

use super::{Clock, Engine};
use crate::{
    config,
    data::{
        Database, Error,
        duty::{self, Duty},
        retention::{self as stored, Place, Removed, Shelf},
        rollup,
    },
    metrics::{
        Metrics,
        labels::{ByRemoved, What},
    },
    model::{
        analytics::Size,
        audit::{Act, AuditRecord, Verdict, Way},
        retention::{Retention, cutoff},
        time::Timestamp,
    },
};

/// Tasks, events or records looked at in one statement.
const LOOK: u64 = 1_000;

/// For how long figures in small stretches are of use.
const RECENT: Duration = Duration::from_secs(2 * 86_400);

/// Removes what is no longer kept.
pub struct Pruner {
    database: Database,
    clock: Clock,
    metrics: Metrics,
    rules: Retention,
    batch: usize,
    per_second: usize,
    /// Up to here everything that is kept for so long has been looked at.
    places: HashMap<(Shelf, Duration), Place>,
    events: i64,
}

/// What a pass has removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Tasks.
    pub tasks: u64,
    /// What belonged to them.
    pub belongings: u64,
    /// Events of tasks that stay.
    pub events: u64,
    /// Records of the audit log.
    pub audit: u64,
    /// Figures.
    pub figures: u64,
}

impl Pruner {
    /// By these settings.
    pub fn new(database: Database, clock: Clock, metrics: Metrics, settings: &config::Retention) -> Self {
        Self {
            database,
            clock,
            metrics,
            rules: settings.rules(),
            batch: settings.batch,
            per_second: settings.max_per_second,
            places: HashMap::new(),
            events: 0,
        }
    }

    /// Removes everything that is due now.
    pub async fn pass(&mut self) -> Result<Pruned, Error> {
        let mut pruned = Pruned::default();
        let mut records = BTreeMap::new();
        for shelf in [Shelf::Settled, Shelf::Error] {
            let mut durations: Vec<Duration> =
                shelf.statuses().iter().flat_map(|status| self.rules.durations(*status)).collect();
            durations.sort_unstable();
            durations.dedup();
            for kept in durations {
                let Removed { tasks, belongings } = self.tasks(shelf, kept, &mut records).await?;
                pruned.tasks += tasks;
                pruned.belongings += belongings;
            }
        }
        if let Some(kept) = self.rules.events {
            pruned.events = self.old_events(kept).await?;
        }
        if let Some(kept) = self.rules.audit {
            pruned.audit = self.old_audit(kept).await?;
        }
        pruned.figures = self.old_figures().await?;
        self.tell_oldest().await?;
        Ok(pruned)
    }

    /// Tasks on the shelf that are kept for exactly so long.
    async fn tasks(
        &mut self,
        shelf: Shelf,
        kept: Duration,
        records: &mut BTreeMap<String, AuditRecord>,
    ) -> Result<Removed, Error> {
        let mut removed = Removed::default();
        let before = cutoff(kept, self.clock.now());
        loop {
            let mut place = self.places.get(&(shelf, kept)).copied().unwrap_or(Place::START);
            let found = stored::next(&self.database, shelf, place, before, LOOK).await?;
            let Some(end) = found.last().map(|last| last.place) else { return Ok(removed) };
            let due: Vec<_> = found
                .into_iter()
                .filter(|task| self.rules.of(&task.namespace, task.status) == Some(kept))
                .collect();
            for batch in due.chunks(self.batch) {
                let now = self.clock.now();
                let record = |namespace: &str, count| noted(records, namespace, count, now);
                let gone = stored::remove(&self.database, shelf, batch, before, record).await?;
                removed.tasks += gone.tasks;
                removed.belongings += gone.belongings;
                self.count(What::Task, gone.tasks);
                self.count(What::Belonging, gone.belongings);
                if gone.tasks < batch.len() as u64 {
                    // Somebody has not read what happened to one of them: another time.
                    self.places.insert((shelf, kept), place);
                    return Ok(removed);
                }
                place = batch.last().map_or(place, |last| last.place);
                self.rest(batch.len(), self.per_second).await;
            }
            self.places.insert((shelf, kept), end);
        }
    }

    async fn old_events(&mut self, kept: Duration) -> Result<u64, Error> {
        let before = cutoff(kept, self.clock.now());
        let mut removed = 0;
        loop {
            let page = stored::old_events(&self.database, self.events, before, LOOK).await?;
            let gone = stored::remove_events(&self.database, &page.old).await?;
            removed += gone;
            self.count(What::Event, gone);
            let Some(last) = page.last else {
                // Events of tasks that were unfinished then are looked at again.
                self.events = 0;
                return Ok(removed);
            };
            self.events = last;
            self.rest(page.old.len(), self.per_second.saturating_mul(10)).await;
        }
    }

    async fn old_audit(&self, kept: Duration) -> Result<u64, Error> {
        let before = cutoff(kept, self.clock.now());
        let mut removed = 0;
        loop {
            let gone = stored::remove_audit(&self.database, before, LOOK).await?;
            removed += gone;
            self.count(What::Audit, gone);
            if gone < LOOK {
                return Ok(removed);
            }
            self.rest(usize::try_from(gone).unwrap_or(usize::MAX), self.per_second.saturating_mul(10)).await;
        }
    }

    async fn old_figures(&self) -> Result<u64, Error> {
        let now = self.clock.now();
        let mut removed = rollup::remove(&self.database, Size::FiveMinutes, cutoff(RECENT, now)).await?;
        if let Some(kept) = self.rules.analytics {
            removed += rollup::remove(&self.database, Size::Hour, cutoff(kept, now)).await?;
        }
        self.count(What::Figure, removed);
        Ok(removed)
    }

    async fn tell_oldest(&self) -> Result<(), Error> {
        let now = self.clock.now();
        let age = |at: Option<Timestamp>| {
            at.map_or(0, |at| i64::try_from(now.since(at).as_secs()).unwrap_or(i64::MAX))
        };
        let [task, event] = stored::oldest(&self.database).await?;
        self.metrics.oldest_task_seconds.set(age(task));
        self.metrics.oldest_event_seconds.set(age(event));
        Ok(())
    }

    fn count(&self, what: What, rows: u64) {
        self.metrics.removed_rows.get_or_create(&ByRemoved { what }).inc_by(rows);
    }

    /// What runs comes first.
    async fn rest(&self, rows: usize, per_second: usize) {
        sleep(Duration::from_secs_f64(rows as f64 / per_second as f64)).await;
    }
}

impl Engine {
    /// Removes what is no longer kept, now and then, where no other node does, until the node stops.
    pub fn keep_retention(&self, settings: &config::Retention) {
        let (database, clock, metrics) =
            (self.database().clone(), self.clock().clone(), self.metrics().clone());
        let mut pruner = Pruner::new(database, clock, metrics, settings);
        let mut turns = interval(settings.interval);
        turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let engine = self.clone();
        let work = async move {
            loop {
                turns.tick().await;
                if let Err(error) = engine.prune(&mut pruner).await {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, "what is no longer kept could not be removed; tried again later");
                }
            }
        };
        tokio::spawn(self.stopping().clone().run_until_cancelled_owned(work));
    }

    async fn prune(&self, pruner: &mut Pruner) -> Result<(), Error> {
        if duty::take(self.database(), Duty::Retention, self.identity().id).await? {
            let pruned = pruner.pass().await?;
            if pruned != Pruned::default() {
                let Pruned { tasks, belongings, events, audit, figures } = pruned;
                tracing::info!(tasks, belongings, events, audit, figures, "removed what is no longer kept");
            }
        }
        Ok(())
    }
}

/// The pass's record about the namespace, with so many tasks more.
fn noted(
    records: &mut BTreeMap<String, AuditRecord>,
    namespace: &str,
    count: u64,
    now: Timestamp,
) -> AuditRecord {
    let record = records.entry(namespace.to_owned()).or_insert_with(|| {
        let act = Act {
            verdict: Verdict::Allowed,
            code: None,
            subject: None,
            credential: None,
            operation: Some("retention".to_owned()),
            way: Way::Retention,
            fields: Vec::new(),
            permissions: Vec::new(),
            missing: Vec::new(),
            policy_version: None,
            request_id: None::<Arc<str>>,
        };
        AuditRecord { count: 0, ..AuditRecord::new(act, now).within(namespace) }
    });
    record.count += count;
    record.last_at = now;
    record.clone()
}
