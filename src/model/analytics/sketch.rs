//! Durations, counted by their size: quantiles with a known relative error, from little space, that add up.
//!
//! A duration falls into the bucket of its logarithm. Whatever the durations are, a quantile is off by no more than
//! [`RELATIVE_ERROR`] of itself.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

/// How far a quantile may be off, as a part of itself.
pub const RELATIVE_ERROR: f64 = 0.01;

/// Each bucket ends where its beginning times this is.
const GAMMA: f64 = (1.0 + RELATIVE_ERROR) / (1.0 - RELATIVE_ERROR);

/// Many durations.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Sketch {
    /// How many have this logarithm.
    #[serde(rename = "b")]
    buckets: BTreeMap<u16, u64>,
    /// Microseconds of all of them together.
    #[serde(rename = "s")]
    sum: u64,
    /// Microseconds of the longest.
    #[serde(rename = "m")]
    longest: u64,
}

impl Sketch {
    /// One more.
    pub fn add(&mut self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        *self.buckets.entry(bucket(micros)).or_default() += 1;
        self.sum = self.sum.saturating_add(micros);
        self.longest = self.longest.max(micros);
    }

    /// And all of those.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.buckets {
            *self.buckets.entry(*bucket).or_default() += count;
        }
        self.sum = self.sum.saturating_add(other.sum);
        self.longest = self.longest.max(other.longest);
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.buckets.values().sum()
    }

    /// Their mean, exactly; none where there are none.
    pub fn mean(&self) -> Option<Duration> {
        let mean = self.sum.checked_div(self.count())?;
        Some(Duration::from_micros(mean))
    }

    /// All of them together, exactly.
    pub const fn total(&self) -> Duration {
        Duration::from_micros(self.sum)
    }

    /// The longest, exactly; none where there are none.
    pub fn longest(&self) -> Option<Duration> {
        (!self.buckets.is_empty()).then(|| Duration::from_micros(self.longest))
    }

    /// The least duration that this share of them does not exceed, give or take [`RELATIVE_ERROR`].
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let rank = (share * self.count() as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        let (bucket, _) = self.buckets.iter().find(|(_, count)| {
            seen += **count;
            seen >= rank
        })?;
        Some(middle(*bucket).min(Duration::from_micros(self.longest)))
    }
}

/// Zero is for what took less than a microsecond.
fn bucket(micros: u64) -> u16 {
    if micros == 0 { 0 } else { 1 + ((micros as f64).ln() / GAMMA.ln()).ceil() as u16 }
}

/// What every duration of the bucket is nearest to.
fn middle(bucket: u16) -> Duration {
    match bucket.checked_sub(1) {
        None => Duration::ZERO,
        Some(power) => Duration::from_secs_f64(2.0 * GAMMA.powi(power.into()) / (GAMMA + 1.0) / 1_000_000.0),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(micros: &[u64]) -> Sketch {
        let mut sketch = Sketch::default();
        micros.iter().for_each(|&micros| sketch.add(Duration::from_micros(micros)));
        sketch
    }

    proptest! {
        #[test]
        fn a_quantile_is_within_the_stated_error_of_the_exact_one(
            mut micros in prop::collection::vec(1_u64..10_000_000_000_000, 1..300),
            share in 0.0_f64..=1.0,
        ) {
            let sketch = of(&micros);
            micros.sort_unstable();
            let rank = ((share * micros.len() as f64).ceil() as usize).max(1);
            let exact = micros[rank - 1] as f64;
            let found = sketch.quantile(share).expect("some").as_secs_f64() * 1e6;
            // A half of a microsecond is what storing it may cost.
            prop_assert!((found - exact).abs() <= exact * RELATIVE_ERROR + 0.5, "{} for {}", found, exact);
        }

        #[test]
        fn a_sum_of_sketches_is_the_sketch_of_all(a in prop::collection::vec(any::<u32>(), 0..50), b in prop::collection::vec(any::<u32>(), 0..50)) {
            let wide = |list: &[u32]| list.iter().map(|&one| one.into()).collect::<Vec<u64>>();
            let mut sum = of(&wide(&a));
            sum.merge(&of(&wide(&b)));
            prop_assert_eq!(&sum, &of(&wide(&[a, b].concat())));
            let stored = serde_json::to_string(&sum).expect("json");
            prop_assert_eq!(serde_json::from_str::<Sketch>(&stored).expect("read back"), sum);
        }
    }

    #[test]
    fn nothing_has_no_quantile_and_the_ends_are_exact() {
        assert_eq!(Sketch::default().quantile(0.5), None);
        assert_eq!((Sketch::default().mean(), Sketch::default().longest()), (None, None));
        let sketch = of(&[0, 10, 1_234_567]);
        assert_eq!(sketch.quantile(0.0), Some(Duration::ZERO));
        assert_eq!(sketch.longest(), Some(Duration::from_micros(1_234_567)));
        assert_eq!(sketch.mean(), Some(Duration::from_micros(411_525)));
    }
}
