//! A workflow as a picture: its steps, what runs after what, and where each step is.
//!
//! A picture says that and no more: what a task was given, what its steps left, the words of an error and a handler's
//! configuration are never in it. Every format is made from the same picture.

mod json;
mod label;
mod layout;
mod look;
mod mermaid;
mod svg;
mod text;

use std::sync::Arc;

use super::{
    dag::Dag,
    failure::FailureKind,
    id::{StepId, StepNo, TaskId},
    readiness::{BlockingReason, Readiness},
    status::Status,
    step::Step,
    template::Template,
    time::Timestamp,
};
pub use layout::Layout;

/// The most dependencies that a picture holds. More than that nobody reads, in any format.
pub const MAX_EDGES: usize = 50_000;

/// How a picture is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Text that Mermaid draws.
    Mermaid,
    /// Nodes and edges for programs.
    Json,
    /// A drawing.
    Svg,
}

/// A workflow with more dependencies than a picture holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} has {edges} dependencies, and a diagram holds at most {MAX_EDGES}")]
pub struct TooLarge {
    /// `namespace/name@version`.
    pub name: String,
    /// How many it has.
    pub edges: usize,
}

/// A template, or one run of it, to be drawn.
#[derive(Debug, Clone)]
pub struct Picture {
    template: Arc<Template>,
    run: Option<Run>,
    now: Timestamp,
}

/// One run of the template.
#[derive(Debug, Clone)]
struct Run {
    task: TaskId,
    status: Status,
    /// In template order.
    steps: Vec<Seen>,
}

/// What is seen of a step.
#[derive(Debug, Clone)]
struct Seen {
    id: StepId,
    status: Status,
    attempts: u32,
    released: u32,
    retry_limit: u32,
    error: Option<FailureKind>,
    wait: Option<Wait>,
}

/// What an unfinished step waits for, besides its dependencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    /// Its next attempt.
    Retry(Timestamp),
    /// Its task's first moment.
    Start(Timestamp),
    /// A worker that claims it.
    Worker,
    /// It sleeps until then.
    Asleep(Timestamp),
}

impl Picture {
    /// Of a template.
    pub fn of_template(template: Arc<Template>) -> Result<Self, TooLarge> {
        let edges = template.dag.edges();
        if edges > MAX_EDGES {
            return Err(TooLarge { name: template.full_name(), edges });
        }
        Ok(Self { template, run: None, now: Timestamp(0) })
    }

    /// Of a task in `status` with its steps, in template order, of which none starts before `not_before`.
    pub fn of_task(
        template: Arc<Template>,
        task: TaskId,
        status: Status,
        steps: &[Step],
        not_before: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Self, TooLarge> {
        let seen = |step: &Step| {
            let readiness = Readiness::of(&template.dag, steps, step.no, status, not_before, now);
            Seen {
                id: step.id,
                status: step.status,
                attempts: step.attempts,
                released: step.released,
                retry_limit: step.retry_limit,
                error: step.error.as_ref().map(|error| error.kind),
                wait: wait(step, &readiness),
            }
        };
        let run = Run { task, status, steps: steps.iter().map(seen).collect() };
        Ok(Self { run: Some(run), now, ..Self::of_template(template)? })
    }

    /// Written down. A drawing is made over `layout`, or over one of its own.
    pub fn write(&self, format: Format, layout: Option<&Layout>) -> String {
        match (format, layout) {
            (Format::Mermaid, _) => mermaid::write(self),
            (Format::Json, _) => json::write(self),
            (Format::Svg, Some(layout)) => svg::write(self, layout),
            (Format::Svg, None) => svg::write(self, &Layout::of(&self.template)),
        }
    }

    fn dag(&self) -> &Dag {
        &self.template.dag
    }

    fn name(&self, no: StepNo) -> &str {
        &self.template.step(no).name
    }

    fn seen(&self, no: StepNo) -> Option<&Seen> {
        self.run.as_ref().map(|run| &run.steps[no.index()])
    }

    /// From each step to each that runs after it, in template order.
    fn edges(&self) -> impl Iterator<Item = (StepNo, StepNo)> {
        let dag = self.dag();
        dag.places().flat_map(|from| dag.children(from).iter().map(move |&to| (from, to)))
    }
}

fn wait(step: &Step, readiness: &Readiness) -> Option<Wait> {
    match readiness.blocking_reason? {
        BlockingReason::WaitingForWorker => Some(Wait::Worker),
        BlockingReason::WaitingForRetry if step.attempts == 0 => readiness.next_attempt_at.map(Wait::Start),
        BlockingReason::WaitingForRetry => readiness.next_attempt_at.map(Wait::Retry),
        BlockingReason::InProgress => step.next_attempt_at.map(Wait::Asleep),
        BlockingReason::DependenciesNotSatisfied
        | BlockingReason::InError
        | BlockingReason::Finished
        | BlockingReason::TaskFinished => None,
    }
}

#[cfg(test)]
mod tests;
