//! `retention`: how long what is finished is kept.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::units::duration;
use crate::model::{retention, status::Status};

/// What is removed, and how fast.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// Tasks that are complete.
    pub complete: Keep,
    /// Tasks that were cancelled.
    pub cancelled: Keep,
    /// Tasks that somebody declared done.
    pub resolved_manually: Keep,
    /// Tasks that rest in error.
    pub error: Keep,
    /// Namespaces that differ.
    pub namespaces: BTreeMap<String, OfNamespace>,
    /// Events of settled tasks.
    pub events: Keep,
    /// Records of the audit log.
    pub audit: Keep,
    /// Figures of `analytics`.
    pub analytics: Keep,
    /// How often is looked.
    #[serde(with = "duration")]
    pub interval: Duration,
    /// Tasks in one transaction.
    pub batch: usize,
    /// Tasks in a second, at most; of events and records it may be ten times as many.
    pub max_per_second: usize,
}

/// What differs in one namespace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OfNamespace {
    /// Tasks that are complete.
    pub complete: Option<Keep>,
    /// Tasks that were cancelled.
    pub cancelled: Option<Keep>,
    /// Tasks that somebody declared done.
    pub resolved_manually: Option<Keep>,
    /// Tasks that rest in error.
    pub error: Option<Keep>,
}

/// So long, or for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep(pub Option<Duration>);

impl Default for Retention {
    fn default() -> Self {
        let forever = Keep(None);
        Self {
            complete: forever,
            cancelled: forever,
            resolved_manually: forever,
            error: forever,
            namespaces: BTreeMap::new(),
            events: forever,
            audit: forever,
            analytics: Keep(Some(Duration::from_secs(400 * 86_400))),
            interval: Duration::from_secs(60),
            batch: 100,
            max_per_second: 500,
        }
    }
}

impl Retention {
    /// What it comes to.
    pub fn rules(&self) -> retention::Retention {
        let own = OfNamespace {
            complete: Some(self.complete),
            cancelled: Some(self.cancelled),
            resolved_manually: Some(self.resolved_manually),
            error: Some(self.error),
        };
        let kept = |of: &OfNamespace| {
            let each = [
                (Status::Complete, of.complete.unwrap_or(self.complete)),
                (Status::Cancelled, of.cancelled.unwrap_or(self.cancelled)),
                (Status::ResolvedManually, of.resolved_manually.unwrap_or(self.resolved_manually)),
                (Status::Error, of.error.unwrap_or(self.error)),
            ];
            each.into_iter().filter_map(|(status, keep)| Some((status, keep.0?))).collect()
        };
        retention::Retention {
            tasks: kept(&own),
            namespaces: self.namespaces.iter().map(|(name, of)| (name.clone(), kept(of))).collect(),
            events: self.events.0,
            audit: self.audit.0,
            analytics: self.analytics.0,
        }
    }

    /// Every duration with its key.
    pub(super) fn durations(&self) -> Vec<(String, Duration)> {
        let own = [
            ("complete", self.complete),
            ("cancelled", self.cancelled),
            ("resolved_manually", self.resolved_manually),
            ("error", self.error),
            ("events", self.events),
            ("audit", self.audit),
            ("analytics", self.analytics),
        ];
        let own = own.into_iter().map(|(key, keep)| (format!("retention.{key}"), keep));
        let others = self.namespaces.values().flat_map(|of| {
            let all = [of.complete, of.cancelled, of.resolved_manually, of.error];
            all.into_iter().flatten().map(|keep| ("retention.namespaces".to_owned(), keep))
        });
        own.chain(others).filter_map(|(key, keep)| Some((key, keep.0?))).collect()
    }
}

impl Serialize for Keep {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            None => serializer.serialize_str("forever"),
            Some(duration) => serializer.collect_str(&humantime::format_duration(duration)),
        }
    }
}

impl<'de> Deserialize<'de> for Keep {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "expected a duration with its unit, such as `30d` or `12h`, or `forever`";
        let text = String::deserialize(deserializer).map_err(|_| de::Error::custom(expected))?;
        match text.trim() {
            "forever" => Ok(Self(None)),
            text => match humantime::parse_duration(text) {
                Ok(duration) => Ok(Self(Some(duration))),
                Err(_) => Err(de::Error::custom(expected)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_differs_in_what_is_written_for_it() {
        let text = "complete: 30d\nerror: 90d\nnamespaces: { shop: { complete: 7d, error: forever } }";
        let settings: Retention = serde_yaml::from_str(text).expect("settings");
        let rules = settings.rules();
        let days = |days: u64| Some(Duration::from_secs(days * 86_400));
        assert_eq!(rules.of("bank", Status::Complete), days(30));
        assert_eq!(rules.of("shop", Status::Complete), days(7));
        assert_eq!((rules.of("bank", Status::Error), rules.of("shop", Status::Error)), (days(90), None));
        assert_eq!(rules.of("shop", Status::Cancelled), None);
    }

    #[test]
    fn what_is_no_duration_is_refused_with_what_would_be_one() {
        for text in ["complete: 30", "complete: soon", "complete: [30d]"] {
            let error = serde_yaml::from_str::<Retention>(text).expect_err(text).to_string();
            assert!(error.contains("such as `30d`"), "{error}");
        }
        assert!(serde_yaml::from_str::<Retention>("namespaces: { shop: { done: 1d } }").is_err());
    }
}
