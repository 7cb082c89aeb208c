//! Many tasks at once: steps a second, and what a step costs the database.

use std::{
    fmt,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    auth::Subject,
    data::journal::Totals,
    metrics::labels::ByStatus,
    model::status::Status,
    orchestration::{Engine, TaskRequest},
};

/// What came out.
pub(super) struct Sustained {
    steps: usize,
    took: Duration,
    written: Totals,
}

impl fmt::Display for Sustained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = self.steps as f64;
        let each = |count: u64| count as f64 / steps;
        write!(
            f,
            "{:>8.0} steps/s   a step: {:.4} commits, {:.4} statements, {:.2} rows   journal busy {:.0} %",
            steps / self.took.as_secs_f64(),
            each(self.written.flushes),
            each(self.written.statements),
            each(self.written.rows),
            self.written.micros as f64 / self.took.as_micros() as f64 * 100.0
        )
    }
}

/// What is run.
#[derive(Clone, Copy)]
pub(super) struct Load {
    /// The template, in the namespace `bench`.
    pub(super) name: &'static str,
    /// Steps of a task.
    pub(super) steps: usize,
    /// Tasks that are created together.
    pub(super) bulk: usize,
}

/// Creates tasks in bulk while at most `in_flight` are unfinished, until about `steps` steps are done.
pub(super) async fn measure(
    engine: &Engine,
    load: Load,
    steps: usize,
    in_flight: usize,
) -> anyhow::Result<Sustained> {
    let tasks = steps.div_ceil(load.steps);
    let done = || {
        engine.metrics().tasks_finished.get_or_create(&ByStatus { status: Status::Complete }).get() as usize
    };
    let already = done();
    let before = engine.journal().statistics().totals();
    let began = Instant::now();
    let mut created = 0;
    while done() - already < tasks {
        let unfinished = created - (done() - already);
        if created < tasks && unfinished + load.bulk <= in_flight.max(load.bulk) {
            let bulk = load.bulk.min(tasks - created);
            let requests = (0..bulk).map(|n| request(load.name, created + n)).collect();
            created += engine.create_tasks(&Subject::anonymous(), requests).await?.len();
        } else {
            tokio::time::sleep(Duration::from_micros(500)).await;
        }
    }
    let took = began.elapsed();
    let written = engine.journal().statistics().totals() - before;
    Ok(Sustained { steps: tasks * load.steps, took, written })
}

fn request(name: &str, n: usize) -> TaskRequest {
    let mut request = TaskRequest::new(name, json!({ "n": n }));
    request.namespace = Some("bench".into());
    request
}
