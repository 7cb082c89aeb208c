//! A token bucket in one number: the moment at which it is full again.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// How much is let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rate {
    /// Nanoseconds until there is another one.
    interval: u64,
    /// How far ahead of its time one may be: what a whole burst takes to come back.
    ahead: u64,
}

impl Rate {
    /// `count` in each `period` on the average, and up to `burst` at once.
    pub(super) fn new(count: u32, period: Duration, burst: u32) -> Self {
        let interval = (nanos(period) / u64::from(count.max(1))).max(1);
        Self { interval, ahead: interval.saturating_mul(u64::from(burst.max(1))) }
    }

    /// After this long a bucket is full, whatever was taken: as good as none.
    pub(super) fn full_after(self) -> Duration {
        Duration::from_nanos(self.ahead)
    }
}

/// What one caller has left.
#[derive(Debug, Default)]
pub(super) struct Bucket(AtomicU64);

impl Bucket {
    /// Takes one at `now`, or says how long it takes until there is one.
    pub(super) fn take(&self, rate: Rate, now: Duration) -> Result<(), Duration> {
        let mut wait = 0;
        let taken = self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, |full_at| {
            let next = full_at.max(nanos(now)).saturating_add(rate.interval);
            wait = (next - nanos(now)).saturating_sub(rate.ahead);
            (wait == 0).then_some(next)
        });
        taken.map(drop).map_err(|_| Duration::from_nanos(wait))
    }

    /// The same, without taking it.
    pub(super) fn look(&self, rate: Rate, now: Duration) -> Result<(), Duration> {
        let full_at = self.0.load(Ordering::Acquire);
        Self(full_at.into()).take(rate, now)
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_burst_is_let_through_and_then_the_rate() {
        let (rate, bucket) = (Rate::new(10, SECOND, 3), Bucket::default());
        for _ in 0..3 {
            assert_eq!(bucket.take(rate, SECOND), Ok(()));
        }
        assert_eq!(bucket.take(rate, SECOND), Err(Duration::from_millis(100)));
        assert_eq!(bucket.look(rate, SECOND + Duration::from_millis(60)), Err(Duration::from_millis(40)));
        assert_eq!(bucket.take(rate, SECOND + Duration::from_millis(100)), Ok(()));
        assert!(bucket.take(rate, SECOND + Duration::from_millis(100)).is_err());
    }

    #[test]
    fn what_is_refused_costs_nothing_and_looking_takes_nothing() {
        let (rate, bucket) = (Rate::new(1, SECOND, 1), Bucket::default());
        assert_eq!(bucket.look(rate, SECOND), Ok(()));
        assert_eq!(bucket.take(rate, SECOND), Ok(()));
        for _ in 0..1_000 {
            assert!(bucket.take(rate, SECOND).is_err());
        }
        assert_eq!(bucket.take(rate, 2 * SECOND), Ok(()));
    }

    proptest! {
        /// Over any stretch of time no more than a burst and the rate get through.
        #[test]
        fn no_more_than_the_rate_gets_through(
            count in 1u32..50, burst in 1u32..50, pauses in prop::collection::vec(0u64..400, 1..300),
        ) {
            let (rate, bucket) = (Rate::new(count, SECOND, burst), Bucket::default());
            let (mut now, mut through) = (Duration::ZERO, 0u32);
            for pause in pauses {
                now += Duration::from_millis(pause);
                through += u32::from(bucket.take(rate, now).is_ok());
            }
            prop_assert!(f64::from(through) <= f64::from(burst) + now.as_secs_f64() * f64::from(count) + 1.0);
        }
    }
}
