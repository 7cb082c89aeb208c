//! Counts, rates and durations of tasks and of steps.

use std::time::Duration;

use async_graphql::SimpleObject;

use crate::model::analytics::Cell;

/// What became of tasks. Each thing is counted when it happened.
#[derive(SimpleObject)]
pub struct TaskFigures {
    /// Tasks that were created.
    created: i32,
    /// Tasks that were settled, in whichever way.
    finished: i32,
    /// Of these, complete.
    complete: i32,
    /// Of these, cancelled.
    cancelled: i32,
    /// Of these, declared done by somebody.
    resolved_manually: i32,
    /// Times that a task came to rest in error; one that is retried may do so again.
    failed: i32,
    /// Tasks settled in an hour, on the average.
    per_hour: f64,
    /// The share of complete ones in what came to rest, from 0 to 1; null where nothing did.
    completion_rate: Option<f64>,
    /// The share of failed ones in what came to rest, from 0 to 1; null where nothing did.
    error_rate: Option<f64>,
    /// How long complete ones took from their first start to their end.
    durations: Durations,
    /// Kinds of errors that tasks came to rest with, the most frequent first.
    error_kinds: Vec<ErrorKindCount>,
}

/// What became of steps. Each thing is counted when it happened.
#[derive(SimpleObject)]
pub struct StepFigures {
    /// Steps that were settled, in whichever way.
    finished: i32,
    /// Of these, complete.
    complete: i32,
    /// Of these, cancelled.
    cancelled: i32,
    /// Of these, declared done by somebody, or left out when their task was created.
    resolved_manually: i32,
    /// Times that a step came to rest in error.
    failed: i32,
    /// Steps settled in an hour, on the average.
    per_hour: f64,
    /// The share of complete ones in what came to rest, from 0 to 1; null where nothing did.
    completion_rate: Option<f64>,
    /// The share of failed ones in what came to rest, from 0 to 1; null where nothing did.
    error_rate: Option<f64>,
    /// Attempts that ended, complete or failed.
    attempts: i32,
    /// Attempts that failed.
    failed_attempts: i32,
    /// Attempts that were scheduled after a failure.
    retries: i32,
    /// Attempts that ended for each step that is complete; null where none is.
    attempts_per_success: Option<f64>,
    /// How long the attempt took that completed the step.
    durations: Durations,
    /// Kinds of errors that attempts failed with, the most frequent first. Their messages are not among them.
    error_kinds: Vec<ErrorKindCount>,
}

/// How long something took, in seconds; null where there was nothing.
#[derive(SimpleObject)]
pub struct Durations {
    /// How many there were.
    count: i32,
    /// Their mean.
    mean: Option<f64>,
    /// The median, within 1 %.
    p50: Option<f64>,
    /// What 95 of 100 did not exceed, within 1 %.
    p95: Option<f64>,
    /// What 99 of 100 did not exceed, within 1 %.
    p99: Option<f64>,
    /// The longest.
    max: Option<f64>,
}

/// A kind of error, such as `timeout`.
#[derive(SimpleObject)]
pub struct ErrorKindCount {
    /// Which.
    kind: String,
    /// How often.
    count: i32,
}

impl TaskFigures {
    pub(super) fn of(cell: &Cell, window: Duration) -> Self {
        Self {
            created: int(cell.created),
            finished: int(cell.finished()),
            complete: int(cell.complete),
            cancelled: int(cell.cancelled),
            resolved_manually: int(cell.resolved),
            failed: int(cell.error),
            per_hour: per_hour(cell.finished(), window),
            completion_rate: share(cell.complete, cell.finished() + cell.error),
            error_rate: share(cell.error, cell.finished() + cell.error),
            durations: Durations::of(cell),
            error_kinds: kinds(cell),
        }
    }
}

impl StepFigures {
    pub(super) fn of(cell: &Cell, window: Duration) -> Self {
        Self {
            finished: int(cell.finished()),
            complete: int(cell.complete),
            cancelled: int(cell.cancelled),
            resolved_manually: int(cell.resolved),
            failed: int(cell.error),
            per_hour: per_hour(cell.finished(), window),
            completion_rate: share(cell.complete, cell.finished() + cell.error),
            error_rate: share(cell.error, cell.finished() + cell.error),
            attempts: int(cell.attempts()),
            failed_attempts: int(cell.failures),
            retries: int(cell.retries),
            attempts_per_success: share(cell.attempts(), cell.complete),
            durations: Durations::of(cell),
            error_kinds: kinds(cell),
        }
    }
}

impl Durations {
    fn of(cell: &Cell) -> Self {
        let sketch = &cell.durations;
        let quantile = |share| sketch.quantile(share).map(|found| found.as_secs_f64());
        Self {
            count: int(sketch.count()),
            mean: sketch.mean().map(|mean| mean.as_secs_f64()),
            p50: quantile(0.50),
            p95: quantile(0.95),
            p99: quantile(0.99),
            max: sketch.longest().map(|longest| longest.as_secs_f64()),
        }
    }
}

/// Microseconds as seconds.
pub(super) fn seconds(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64()
}

fn kinds(cell: &Cell) -> Vec<ErrorKindCount> {
    let mut kinds: Vec<_> = cell.kinds.iter().collect();
    kinds.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let most = kinds.into_iter().take(10);
    most.map(|(kind, count)| ErrorKindCount { kind: kind.clone(), count: int(*count) }).collect()
}

fn per_hour(count: u64, window: Duration) -> f64 {
    if window.is_zero() { 0.0 } else { count as f64 * 3_600.0 / window.as_secs_f64() }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn int(count: u64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
