//! Whether a host is worth asking: after so many failures in a row it is left alone for a while, then asked once.

use std::time::Duration;

use super::time::Timestamp;

/// When a circuit opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Failures in a row.
    pub failures: u32,
    /// How long nobody asks.
    pub open_for: Duration,
}

/// What is known of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Circuit {
    /// It is asked; so many failures in a row by now.
    Closed {
        /// Failures since the last success.
        failures: u32,
    },
    /// It is left alone.
    Open {
        /// When it may be asked once.
        until: Timestamp,
    },
    /// It is asked once, to see whether it is back.
    Probing {
        /// When others may look again.
        until: Timestamp,
    },
}

/// Whether a request may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It may, as one of many.
    Usual,
    /// It may, and on it depends whether others may.
    Probe,
    /// It may not before then.
    NotBefore(Timestamp),
}

impl Default for Circuit {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl Circuit {
    /// Somebody wants to ask.
    pub fn admit(&mut self, patience: Patience, now: Timestamp) -> Admission {
        match *self {
            Self::Closed { .. } => Admission::Usual,
            Self::Open { until } if now >= until => {
                *self = Self::Probing { until: now.plus(patience.open_for) };
                Admission::Probe
            }
            Self::Open { until } => Admission::NotBefore(until),
            Self::Probing { until } if until > now => Admission::NotBefore(until),
            // The probe is slow: nobody asks again and again how it is doing.
            Self::Probing { .. } => Admission::NotBefore(now.plus(patience.open_for)),
        }
    }

    /// The host has answered. Late answers to what was asked before it was left alone say nothing new.
    pub fn succeeded(&mut self, admission: Admission) {
        match (*self, admission) {
            (Self::Closed { .. }, _) | (Self::Probing { .. }, Admission::Probe) => *self = Self::default(),
            (Self::Open { .. } | Self::Probing { .. }, _) => {}
        }
    }

    /// It has not, or with a fault of its own.
    pub fn failed(&mut self, admission: Admission, patience: Patience, now: Timestamp) {
        let until = now.plus(patience.open_for);
        match (*self, admission) {
            (Self::Closed { failures }, _) if failures + 1 < patience.failures => {
                *self = Self::Closed { failures: failures + 1 };
            }
            (Self::Closed { .. }, _) | (Self::Probing { .. }, Admission::Probe) => {
                *self = Self::Open { until }
            }
            (Self::Open { .. } | Self::Probing { .. }, _) => {}
        }
    }

    /// Nobody waited for the answer: the next one asks in its place.
    pub fn abandoned(&mut self, admission: Admission, now: Timestamp) {
        if let (Self::Probing { .. }, Admission::Probe) = (*self, admission) {
            *self = Self::Open { until: now };
        }
    }

    /// Whether it is left alone.
    pub const fn is_open(&self) -> bool {
        match self {
            Self::Closed { .. } => false,
            Self::Open { .. } | Self::Probing { .. } => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PATIENCE: Patience = Patience { failures: 3, open_for: Duration::from_secs(5) };

    const fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1_000_000)
    }

    fn opened() -> Circuit {
        let mut circuit = Circuit::default();
        (0..3).for_each(|_| circuit.failed(Admission::Usual, PATIENCE, at(0)));
        circuit
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_a_success_begins_anew() {
        let mut circuit = Circuit::default();
        for _ in 0..5 {
            circuit.failed(Admission::Usual, PATIENCE, at(0));
            circuit.failed(Admission::Usual, PATIENCE, at(0));
            circuit.succeeded(Admission::Usual);
        }
        assert_eq!(circuit.admit(PATIENCE, at(0)), Admission::Usual);
        assert_eq!(opened().admit(PATIENCE, at(4)), Admission::NotBefore(at(5)));
    }

    #[test]
    fn after_a_while_one_request_tells() {
        let mut circuit = opened();
        assert_eq!(circuit.admit(PATIENCE, at(5)), Admission::Probe);
        assert_eq!(circuit.admit(PATIENCE, at(5)), Admission::NotBefore(at(10)), "one and no more");
        circuit.failed(Admission::Probe, PATIENCE, at(6));
        assert_eq!(circuit, Circuit::Open { until: at(11) });
        assert_eq!(circuit.admit(PATIENCE, at(11)), Admission::Probe);
        circuit.succeeded(Admission::Probe);
        assert_eq!(circuit, Circuit::default());
    }

    #[test]
    fn late_answers_say_nothing_new() {
        let mut circuit = opened();
        circuit.succeeded(Admission::Usual);
        circuit.failed(Admission::Usual, PATIENCE, at(4));
        assert_eq!(circuit, Circuit::Open { until: at(5) });
    }

    #[test]
    fn a_probe_that_nobody_waited_for_leaves_its_place_to_the_next() {
        let mut circuit = opened();
        let probe = circuit.admit(PATIENCE, at(5));
        circuit.abandoned(probe, at(6));
        assert_eq!(circuit.admit(PATIENCE, at(6)), Admission::Probe);
    }

    proptest! {
        /// Whatever happens, there is at most one probe, and who may not ask is told a later moment.
        #[test]
        fn there_is_one_probe_at_a_time(turns in proptest::collection::vec((0_u8..4, 0_i64..9), 1..80)) {
            let (mut circuit, mut now, mut out) = (Circuit::default(), 0, Vec::new());
            for (what, later) in turns {
                now += later;
                if what == 0 {
                    match circuit.admit(PATIENCE, at(now)) {
                        Admission::NotBefore(moment) => prop_assert!(moment > at(now)),
                        admitted @ (Admission::Usual | Admission::Probe) => out.push(admitted),
                    }
                } else if let Some(admission) = out.pop() {
                    match what {
                        1 => circuit.succeeded(admission),
                        2 => circuit.failed(admission, PATIENCE, at(now)),
                        _ => circuit.abandoned(admission, at(now)),
                    }
                }
                prop_assert!(out.iter().filter(|one| **one == Admission::Probe).count() <= 1);
            }
        }
    }
}
