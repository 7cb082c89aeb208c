//! How long what is finished is kept.

use std::{collections::BTreeMap, time::Duration};

use super::{status::Status, time::Timestamp};

/// How long tasks are kept after they came to rest, by status; one that is not there is kept for ever.
pub type Kept = BTreeMap<Status, Duration>;

/// How long everything is kept. What has no duration is kept for ever.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retention {
    /// Tasks of namespaces that have no rules of their own.
    pub tasks: Kept,
    /// Tasks of those that do: these are all of their rules.
    pub namespaces: BTreeMap<String, Kept>,
    /// Events of settled tasks.
    pub events: Option<Duration>,
    /// Records of the audit log.
    pub audit: Option<Duration>,
    /// Figures by the hour.
    pub analytics: Option<Duration>,
}

impl Retention {
    /// How long a task of this namespace that came to rest in `status` is kept; none for ever.
    pub fn of(&self, namespace: &str, status: Status) -> Option<Duration> {
        self.namespaces.get(namespace).unwrap_or(&self.tasks).get(&status).copied()
    }

    /// For how long some task or other in this status is kept, each duration once.
    pub fn durations(&self, status: Status) -> Vec<Duration> {
        let rules = self.namespaces.values().chain([&self.tasks]);
        let mut durations: Vec<Duration> = rules.filter_map(|kept| kept.get(&status).copied()).collect();
        durations.sort_unstable();
        durations.dedup();
        durations
    }
}

/// What came to rest before this has been kept for `kept`.
pub fn cutoff(kept: Duration, now: Timestamp) -> Timestamp {
    Timestamp(now.0.saturating_sub(i64::try_from(kept.as_micros()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_with_rules_has_only_its_own() {
        let day = Duration::from_secs(86_400);
        let retention = Retention {
            tasks: [(Status::Complete, day * 30), (Status::Cancelled, day)].into(),
            namespaces: [("shop".to_owned(), [(Status::Complete, day)].into())].into(),
            ..Retention::default()
        };
        assert_eq!(retention.of("bank", Status::Complete), Some(day * 30));
        assert_eq!(retention.of("shop", Status::Complete), Some(day));
        assert_eq!(retention.of("shop", Status::Cancelled), None);
        assert_eq!(retention.of("bank", Status::Error), None);
        assert_eq!(retention.durations(Status::Complete), [day, day * 30]);
        assert!(retention.durations(Status::Error).is_empty());
    }
}
