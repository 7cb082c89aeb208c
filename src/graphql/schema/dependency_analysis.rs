//! What holds a task up, and what it still has before it, as the API shows it.

use std::sync::Arc;

use async_graphql::{Enum, Object, Result, SimpleObject};

use super::{
    authorize::authorize, batch::Run, caller::Needs, given, scalar::DateTime, step::WorkflowStep, task::Task,
    words::BlockingReason,
};
use crate::{
    auth::Permission,
    model::{
        analysis::{self, Analysis},
        id::StepNo,
    },
};

/// What holds a task up, and what it still has before it.
pub struct DependencyAnalysis {
    task: Task,
    run: Arc<Run>,
    found: Analysis,
}

impl DependencyAnalysis {
    /// Of this task as it is.
    pub fn new(task: Task, run: Arc<Run>) -> Self {
        let found = run.analysis(task.batch().now());
        Self { task, run, found }
    }

    fn path(&self, steps: &[StepNo], seconds: Option<f64>) -> DependencyPath {
        let (task, run) = (self.task.clone(), self.run.clone());
        DependencyPath { task, run, steps: steps.to_vec(), seconds }
    }

    fn sum(&self, of: impl Fn(&analysis::Level) -> usize) -> usize {
        self.found.levels.iter().map(of).sum()
    }
}

/// What holds a task up now, what it still has before it, and what took its time. Steps are counted and finished attempts
/// were measured; nothing here is an estimate.
#[Object]
impl DependencyAnalysis {
    /// The steps that rest in error or wait, those first that hold up the most others.
    async fn blockers(
        &self,
        #[graphql(desc = "How many, from 1 to 100.", default = 20)] limit: i32,
    ) -> Result<Vec<Blocker>> {
        let limit = usize::try_from(given::size("limit", limit)?).unwrap_or(usize::MAX);
        let blocker = |found: &analysis::Blocker| Blocker {
            step: WorkflowStep::new(self.task.clone(), self.run.clone(), found.step),
            found: *found,
        };
        Ok(self.found.blockers.iter().take(limit).map(blocker).collect())
    }

    /// How many such steps there are.
    async fn blocker_count(&self) -> usize {
        self.found.blockers.len()
    }

    /// The longest chain of steps that are yet to be done, each of which waits for the one before it. It is the one with
    /// the most steps: how long a step takes that has not begun is not known.
    async fn remaining_path(&self) -> DependencyPath {
        self.path(&self.found.remaining, None)
    }

    /// The chain of steps that took the most time: by the last attempts of those that are complete, and so far of those
    /// that are being worked on.
    async fn slowest_path(&self) -> DependencyPath {
        self.path(&self.found.slowest, Some(self.found.slowest_micros as f64 / 1_000_000.0))
    }

    /// Its steps by how many are before them, one after the other, counted by what they are doing.
    async fn levels(&self) -> Vec<DependencyLevel> {
        (0..).zip(&self.found.levels).map(|(level, found)| DependencyLevel::of(level, found)).collect()
    }

    /// How many levels there are: as many as the longest chain has steps.
    async fn max_depth(&self) -> usize {
        self.found.levels.len()
    }

    /// How many steps the widest level has.
    async fn parallel_branches(&self) -> usize {
        self.found.levels.iter().map(analysis::Level::total).max().unwrap_or(0)
    }

    /// How many steps could start now.
    async fn ready_steps(&self) -> usize {
        self.sum(|level| level.ready)
    }

    /// How many are being worked on.
    async fn running_steps(&self) -> usize {
        self.sum(|level| level.running)
    }

    /// How many wait for a moment or for a worker.
    async fn waiting_steps(&self) -> usize {
        self.sum(|level| level.waiting)
    }

    /// How many wait for steps that are not settled.
    async fn blocked_steps(&self) -> usize {
        self.sum(|level| level.blocked)
    }
}

/// A step that others wait for, and that is not worked on.
pub struct Blocker {
    step: WorkflowStep,
    found: analysis::Blocker,
}

/// A step that others wait for, and that is not worked on.
#[Object]
impl Blocker {
    /// The step.
    #[graphql(guard = "Needs(Permission::WorkflowStepIndex)", directive = authorize::apply(Permission::WorkflowStepIndex))]
    async fn step(&self) -> &WorkflowStep {
        &self.step
    }

    /// Why it does not go on.
    async fn reason(&self) -> BlockingReason {
        self.found.reason.into()
    }

    /// How many unfinished steps come after it, directly or not. Others may hold them up as well.
    async fn blocked_steps(&self) -> usize {
        self.found.blocks
    }

    /// What might be done about it.
    async fn suggested_action(&self) -> SuggestedAction {
        self.found.action.into()
    }

    /// When it goes on by itself; null where it does not.
    async fn until(&self) -> Option<DateTime> {
        self.found.until.map(DateTime)
    }
}

/// What might be done about a step that holds others up.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "analysis::Action")]
pub enum SuggestedAction {
    /// Mend the cause, and give it more attempts: it has used up those it had.
    Retry,
    /// Look at what it did, and declare it done, or give it more attempts once its cause is mended: it must not be tried
    /// twice, or it ended although attempts were left.
    Resolve,
    /// Nothing: it goes on by itself, at `until`.
    Wait,
    /// Start a worker for its handler class.
    StartWorker,
}

/// A chain of steps, each of which runs after the one before it.
pub struct DependencyPath {
    task: Task,
    run: Arc<Run>,
    steps: Vec<StepNo>,
    seconds: Option<f64>,
}

/// A chain of steps, each of which runs after the one before it.
#[Object]
impl DependencyPath {
    /// The steps, first to last.
    #[graphql(guard = "Needs(Permission::WorkflowStepIndex)", directive = authorize::apply(Permission::WorkflowStepIndex))]
    async fn steps(&self) -> Vec<WorkflowStep> {
        self.steps.iter().map(|&no| WorkflowStep::new(self.task.clone(), self.run.clone(), no)).collect()
    }

    /// How many steps there are.
    async fn length(&self) -> usize {
        self.steps.len()
    }

    /// How many seconds they took; null where that is not known because they are yet to be done.
    async fn seconds(&self) -> Option<f64> {
        self.seconds
    }
}

/// Steps with equally many before them, counted by what they are doing.
#[derive(SimpleObject)]
pub struct DependencyLevel {
    /// How many steps at least are before them, one after the other.
    level: usize,
    /// How many they are.
    total_steps: usize,
    /// Could start now.
    ready: usize,
    /// Are being worked on.
    running: usize,
    /// Wait for a moment or for a worker.
    waiting: usize,
    /// Wait for steps that are not settled.
    blocked: usize,
    /// Rest in error.
    failed: usize,
    /// Are complete or resolved.
    done: usize,
    /// Will not be done.
    cancelled: usize,
}

impl DependencyLevel {
    fn of(level: usize, found: &analysis::Level) -> Self {
        let analysis::Level { ready, running, waiting, blocked, failed, done, cancelled } = *found;
        let total_steps = found.total();
        Self { level, total_steps, ready, running, waiting, blocked, failed, done, cancelled }
    }
}
