//! How long to wait before the next attempt.

use std::time::Duration;

use super::template::Backoff;

impl Backoff {
    /// The wait after `failures` counted attempts.
    ///
    /// What a server asked for wins over the formula and is not spread. `spread` from -1 to 1 places the wait
    /// within the jitter.
    pub fn delay(&self, failures: u32, server: Option<Duration>, spread: f64) -> Duration {
        match server {
            Some(asked) => asked.min(seconds(self.max_server_seconds)),
            None => seconds(self.formula(failures) * (1.0 + self.jitter * spread.clamp(-1.0, 1.0))),
        }
    }

    /// Seconds by the list, then exponentially from its last entry, never above the maximum.
    fn formula(&self, failures: u32) -> f64 {
        let place = failures.max(1) as usize - 1;
        let wait = match (self.seconds.get(place), self.seconds.last()) {
            (Some(&listed), _) => listed,
            (None, Some(&last)) => {
                let beyond = i32::try_from(place + 1 - self.seconds.len()).unwrap_or(i32::MAX);
                last * self.multiplier.powi(beyond)
            }
            (None, None) => self.multiplier.powi(i32::try_from(place).unwrap_or(i32::MAX)),
        };
        wait.min(self.max_seconds)
    }
}

/// Out of range or not a number means no wait: a template's numbers are checked when it is loaded.
fn seconds(value: f64) -> Duration {
    Duration::try_from_secs_f64(value).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_list_comes_first_then_it_doubles_to_the_cap() {
        let backoff = Backoff::default();
        let waits: Vec<u64> = (1..=10).map(|n| backoff.delay(n, None, 0.0).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]);
    }

    #[test]
    fn a_server_wins_and_is_capped() {
        let backoff = Backoff::default();
        assert_eq!(backoff.delay(1, Some(Duration::from_secs(7)), 1.0), Duration::from_secs(7));
        assert_eq!(backoff.delay(1, Some(Duration::from_secs(90_000)), 1.0), Duration::from_secs(3600));
    }

    proptest! {
        #[test]
        fn jitter_stays_within_its_share(failures in 0u32..100_000, spread in -1.0f64..=1.0) {
            let backoff = Backoff::default();
            let base = backoff.delay(failures, None, 0.0).as_secs_f64();
            let wait = backoff.delay(failures, None, spread).as_secs_f64();
            prop_assert!(wait >= base * 0.899 && wait <= base * 1.101);
        }

        #[test]
        fn any_numbers_give_a_wait(list in proptest::collection::vec(any::<f64>(), 0..4), multiplier: f64, max: f64, jitter: f64, failures: u32, spread: f64) {
            let backoff = Backoff { seconds: list, multiplier, max_seconds: max, jitter, ..Backoff::default() };
            let _ = backoff.delay(failures, None, spread);
        }
    }
}
