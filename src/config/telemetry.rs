//! `telemetry`: where traces are sent.

use std::{collections::BTreeMap, fmt, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::units::duration;

/// What is told to other systems about what happens.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Telemetry {
    /// Traces.
    pub otlp: Otlp,
}

/// Traces, by OpenTelemetry's protocol.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Otlp {
    /// Whether there are any.
    pub enabled: bool,
    /// The collector, without `/v1/traces`.
    pub endpoint: String,
    /// Sent with every request to the collector.
    pub headers: Headers,
    /// How long the collector may take to answer.
    #[serde(with = "duration")]
    pub timeout: Duration,
    /// Who decides which traces are recorded.
    pub sampler: Sampler,
    /// The share of traces that is recorded where `sampler` asks for it.
    pub sampling_ratio: f64,
    /// What this service is called in traces.
    pub service_name: String,
}

impl Default for Otlp {
    fn default() -> Self {
        Self {
            enabled: false,
            endpoint: "http://localhost:4318".to_owned(),
            headers: Headers::default(),
            timeout: Duration::from_secs(10),
            sampler: Sampler::ParentOrRatio,
            sampling_ratio: 1.0,
            service_name: "tasker".to_owned(),
        }
    }
}

/// Names and values, which are secrets: printing shows the names.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Headers(pub BTreeMap<String, String>);

impl Headers {
    fn masked(&self) -> BTreeMap<&str, &str> {
        self.0.keys().map(|name| (name.as_str(), "***")).collect()
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.masked().fmt(f)
    }
}

impl Serialize for Headers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.masked().serialize(serializer)
    }
}

/// Who decides which traces are recorded, by the names that OpenTelemetry gives to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampler {
    /// All of them.
    All,
    /// None of them.
    None,
    /// `sampling_ratio`, whatever the caller says.
    Ratio,
    /// The caller; all where it does not say.
    ParentOrAll,
    /// The caller; none where it does not say.
    ParentOrNone,
    /// The caller; `sampling_ratio` where it does not say.
    ParentOrRatio,
}

impl Sampler {
    const NAMES: [(Self, &str); 6] = [
        (Self::All, "always_on"),
        (Self::None, "always_off"),
        (Self::Ratio, "traceidratio"),
        (Self::ParentOrAll, "parentbased_always_on"),
        (Self::ParentOrNone, "parentbased_always_off"),
        (Self::ParentOrRatio, "parentbased_traceidratio"),
    ];
}

impl Serialize for Sampler {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let name = Self::NAMES.iter().find(|(sampler, _)| sampler == self).map_or("", |(_, name)| name);
        serializer.serialize_str(name)
    }
}

impl<'de> Deserialize<'de> for Sampler {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer).unwrap_or_default();
        let known = Self::NAMES.iter().find(|(_, known)| *known == name).map(|(sampler, _)| *sampler);
        known.ok_or_else(|| {
            let names = Self::NAMES.map(|(_, name)| format!("`{name}`"));
            de::Error::custom(format!("expected one of {}", names.join(", ")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Headers, Sampler};

    #[test]
    fn the_value_of_a_header_is_never_printed() {
        let headers = Headers([("authorization".to_owned(), "Bearer hunter2".to_owned())].into());
        let printed = format!("{headers:?} {}", serde_json::to_string(&headers).expect("text"));
        assert!(printed.contains("authorization") && !printed.contains("hunter2"), "{printed}");
    }

    #[test]
    fn a_sampler_reads_as_it_is_written() {
        for (sampler, name) in Sampler::NAMES {
            assert_eq!(serde_json::from_str::<Sampler>(&format!("{name:?}")).expect(name), sampler);
            assert_eq!(serde_json::to_string(&sampler).expect(name), format!("{name:?}"));
        }
        let wrong =
            serde_json::from_str::<Sampler>("\"sometimes\"").expect_err("no such sampler").to_string();
        assert!(wrong.contains("`parentbased_traceidratio`"), "{wrong}");
    }
}
