//! Figures of what happened: folded from events, one cell for each template, step and stretch of time.
//!
//! Cells of the same kind add up in any order, so that a day is the sum of its hours.

mod cell;
mod fold;
mod report;
mod sketch;

pub use cell::{Cell, SLOWEST, Slow};
pub use fold::{Fold, Totals};
pub use report::{Report, Template};
pub use sketch::{RELATIVE_ERROR, Sketch};

use std::{sync::Arc, time::Duration};

use super::time::Timestamp;

/// How long a stretch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Size {
    /// For the recent past.
    FiveMinutes,
    /// For ever.
    Hour,
}

/// What a cell is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// How long it is.
    pub size: Size,
    /// When it begins.
    pub at: Timestamp,
    /// Of this namespace.
    pub namespace: Arc<str>,
    /// Of this template.
    pub name: Arc<str>,
    /// In this version; empty where the task was gone before that was asked.
    pub version: Arc<str>,
    /// This step of it; empty for its tasks.
    pub step: Arc<str>,
}

impl Size {
    /// Both.
    pub const ALL: [Self; 2] = [Self::FiveMinutes, Self::Hour];

    /// How long.
    pub const fn duration(self) -> Duration {
        match self {
            Self::FiveMinutes => Duration::from_secs(300),
            Self::Hour => Duration::from_secs(3_600),
        }
    }

    /// In microseconds, as it is stored.
    pub const fn micros(self) -> i64 {
        match self {
            Self::FiveMinutes => 300_000_000,
            Self::Hour => 3_600_000_000,
        }
    }

    /// The beginning of the stretch that `moment` is in.
    pub const fn floor(self, moment: Timestamp) -> Timestamp {
        Timestamp(moment.0 - moment.0.rem_euclid(self.micros()))
    }
}
