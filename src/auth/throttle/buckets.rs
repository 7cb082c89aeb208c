//! A bucket for each of many callers, of whom the most recent are remembered.

use std::{
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use moka::{policy::EvictionPolicy, sync::Cache};

use super::bucket::{Bucket, Rate};

/// How often a log line is written about one caller, at most.
const MINUTE: Duration = Duration::from_secs(60);

/// There was none left.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    /// Until there is one.
    pub(super) wait: Duration,
    /// How often this caller was refused since the last log line, where one is due.
    pub(super) to_log: Option<u64>,
}

/// Buckets by caller.
pub(super) struct Buckets<K> {
    rate: Rate,
    known: Cache<K, Arc<Entry>>,
}

#[derive(Default)]
struct Entry {
    bucket: Bucket,
    refusals: AtomicU64,
    /// The minute of the last log line, counted from one.
    logged: AtomicU64,
}

impl<K: Hash + Eq + Clone + Send + Sync + 'static> Buckets<K> {
    /// For at most about `most` callers. One who was idle until its bucket was full is forgotten: it has as much as one
    /// who was never seen.
    pub(super) fn new(rate: Rate, most: u64) -> Self {
        let known = Cache::builder()
            .max_capacity(most)
            .eviction_policy(EvictionPolicy::lru())
            .time_to_idle(rate.full_after().max(MINUTE))
            .build();
        Self { rate, known }
    }

    /// Takes one from this caller's bucket.
    pub(super) fn take(&self, key: K, now: Duration) -> Result<(), Refused> {
        let entry = self.known.get_with(key, Arc::default);
        entry.bucket.take(self.rate, now).map_err(|wait| entry.refused(wait, now))
    }

    /// Takes one if there is one; nobody is refused for it.
    pub(super) fn note(&self, key: K, now: Duration) {
        let _ = self.known.get_with(key, Arc::default).bucket.take(self.rate, now);
    }

    /// Whether there is one.
    pub(super) fn look(&self, key: &K, now: Duration) -> Result<(), Refused> {
        let Some(entry) = self.known.get(key) else { return Ok(()) };
        entry.bucket.look(self.rate, now).map_err(|wait| entry.refused(wait, now))
    }
}

impl Entry {
    fn refused(&self, wait: Duration, now: Duration) -> Refused {
        self.refusals.fetch_add(1, Ordering::Relaxed);
        let minute = now.as_secs() / MINUTE.as_secs() + 1;
        let due = self.logged.swap(minute, Ordering::Relaxed) != minute;
        Refused { wait, to_log: due.then(|| self.refusals.swap(0, Ordering::Relaxed)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn buckets(most: u64) -> Buckets<u32> {
        Buckets::new(Rate::new(1, SECOND, 2), most)
    }

    #[test]
    fn each_caller_has_a_bucket_of_its_own() {
        let buckets = buckets(100);
        for key in [1, 2] {
            assert!(buckets.take(key, SECOND).is_ok() && buckets.take(key, SECOND).is_ok());
            assert!(buckets.take(key, SECOND).is_err() && buckets.look(&key, SECOND).is_err());
        }
        assert!(buckets.look(&3, SECOND).is_ok());
    }

    #[test]
    fn a_flood_of_callers_does_not_grow_it() {
        let buckets = buckets(1_000);
        for key in 0..100_000 {
            let _ = buckets.take(key, SECOND);
        }
        buckets.known.run_pending_tasks();
        assert!(buckets.known.entry_count() <= 1_000, "{}", buckets.known.entry_count());
    }

    #[test]
    fn who_asks_on_is_remembered_and_who_is_idle_leaves() {
        let buckets = buckets(1_000);
        for key in 0..20_000 {
            let _ = buckets.take(u32::MAX, SECOND);
            let _ = buckets.take(key, SECOND);
        }
        assert!(buckets.take(u32::MAX, SECOND).is_err(), "the flood has not refilled its bucket");
    }

    #[test]
    fn a_log_line_is_due_once_a_minute() {
        let buckets = buckets(100);
        let due = |now: u64| buckets.take(1, Duration::from_secs(now)).err().map(|refused| refused.to_log);
        assert_eq!((due(0), due(0)), (None, None));
        assert_eq!((due(0), due(0), due(0)), (Some(Some(1)), Some(None), Some(None)));
        for _ in 0..3 {
            let _ = due(61);
        }
        assert_eq!(due(61), Some(None));
    }
}
