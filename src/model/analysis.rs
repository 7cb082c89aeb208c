//! What holds a task up, and what it still has before it.
//!
//! Only what is known: what a step blocks is counted, how long a finished attempt took was measured, and how long one
//! takes that has not begun nobody says. The time is linear in steps and dependencies, but for what is counted behind
//! blockers: one pass for sixty-four of them.

use super::{
    dag::{Dag, Shape},
    id::StepNo,
    readiness::{BlockingReason, Readiness},
    status::Status,
    step::Step,
    template::Template,
    time::Timestamp,
};

/// What holds a task up, and what it still has before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Analysis {
    /// What nothing goes on without: what holds up most, first.
    pub blockers: Vec<Blocker>,
    /// The longest chain of steps that are yet to be done.
    pub remaining: Vec<StepNo>,
    /// The chain of steps that took the most time so far.
    pub slowest: Vec<StepNo>,
    /// How many microseconds the last attempts of that chain took together.
    pub slowest_micros: u64,
    /// From the roots down.
    pub levels: Vec<Level>,
}

/// A step that is not worked on, and does not start by itself now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocker {
    /// Which step.
    pub step: StepNo,
    /// Why it does not go on.
    pub reason: BlockingReason,
    /// How many unfinished steps come after it, directly or not.
    pub blocks: usize,
    /// What might be done about it.
    pub action: Action,
    /// When it goes on by itself.
    pub until: Option<Timestamp>,
}

/// What might be done about a step that holds others up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Mend the cause, and give it more attempts: it has used up those it had.
    Retry,
    /// Look at what it did: it must not, or is not worth to, be tried again as it is.
    Resolve,
    /// Nothing: it goes on at a known moment.
    Wait,
    /// Start a worker for its handler class.
    StartWorker,
}

/// Steps with equally many levels before them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Level {
    /// Could start now.
    pub ready: usize,
    /// Are worked on.
    pub running: usize,
    /// Wait for a moment or a worker.
    pub waiting: usize,
    /// Wait for steps that are not settled.
    pub blocked: usize,
    /// Rest in error.
    pub failed: usize,
    /// Complete or resolved.
    pub done: usize,
    /// Will not be done.
    pub cancelled: usize,
}

impl Level {
    /// All of them.
    pub const fn total(&self) -> usize {
        self.ready + self.running + self.waiting + self.blocked + self.failed + self.done + self.cancelled
    }
}

impl Analysis {
    /// Of a task in `status` with its steps, in template order, of which none starts before `not_before`.
    pub fn of(
        template: &Template,
        status: Status,
        steps: &[Step],
        not_before: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        let dag = &template.dag;
        let shape = Shape::of(dag);
        let mut levels = vec![Level::default(); shape.depth];
        let mut blockers = Vec::new();
        for step in steps {
            let readiness = Readiness::of(dag, steps, step.no, status, not_before, now);
            *count(&mut levels[shape.levels[step.no.index()] as usize], step, &readiness) += 1;
            let retryable = template.step(step.no).retryable;
            let blocker = (!status.is_terminal()).then(|| blocker(step, &readiness, retryable)).flatten();
            blockers.extend(blocker);
        }
        count_blocked(dag, &shape, steps, &mut blockers);
        blockers.sort_by_key(|blocker| (std::cmp::Reverse(blocker.blocks), blocker.step));
        let unfinished = |no: StepNo| (!steps[no.index()].status.is_terminal()).then_some(1);
        let (remaining, _) = match status.is_terminal() {
            true => (Vec::new(), 0),
            false => shape.heaviest(dag, unfinished),
        };
        let (slowest, slowest_micros) = shape.heaviest(dag, |no| duration(&steps[no.index()], now));
        Self { blockers, remaining, slowest, slowest_micros, levels }
    }
}

fn count<'a>(level: &'a mut Level, step: &Step, readiness: &Readiness) -> &'a mut usize {
    match (step.status, readiness.blocking_reason) {
        (Status::Complete | Status::ResolvedManually, _) => &mut level.done,
        (Status::Cancelled, _) => &mut level.cancelled,
        (Status::Error, _) => &mut level.failed,
        (Status::InProgress, _) if step.is_asleep() => &mut level.waiting,
        (Status::InProgress, _) => &mut level.running,
        (Status::Pending, None) => &mut level.ready,
        (Status::Pending, Some(BlockingReason::WaitingForRetry | BlockingReason::WaitingForWorker)) => {
            &mut level.waiting
        }
        (Status::Pending, Some(_)) => &mut level.blocked,
    }
}

fn blocker(step: &Step, readiness: &Readiness, retryable: bool) -> Option<Blocker> {
    let reason = readiness.blocking_reason?;
    let action = match reason {
        // An attempt was left and none follows: its handler said that it is useless.
        BlockingReason::InError if retryable && !step.has_attempts_left() => Action::Retry,
        BlockingReason::InError => Action::Resolve,
        BlockingReason::WaitingForRetry => Action::Wait,
        BlockingReason::WaitingForWorker => Action::StartWorker,
        BlockingReason::InProgress if step.is_asleep() => Action::Wait,
        BlockingReason::InProgress
        | BlockingReason::DependenciesNotSatisfied
        | BlockingReason::Finished
        | BlockingReason::TaskFinished => return None,
    };
    let until = readiness.next_attempt_at.filter(|_| action == Action::Wait);
    Some(Blocker { step: step.no, reason, blocks: 0, action, until })
}

/// How many unfinished steps are behind each blocker. Sixty-four go down together, each as one bit.
fn count_blocked(dag: &Dag, shape: &Shape, steps: &[Step], blockers: &mut [Blocker]) {
    let mut behind = vec![0_u64; dag.len()];
    for together in blockers.chunks_mut(64) {
        behind.fill(0);
        let mut own = std::collections::HashMap::with_capacity(together.len());
        for (bit, blocker) in together.iter().enumerate() {
            own.insert(blocker.step, 1_u64 << bit);
        }
        for &no in &shape.order {
            // What is settled is not held up, and holds nothing up.
            if steps[no.index()].status.is_terminal() {
                continue;
            }
            let above = dag
                .parents(no)
                .iter()
                .map(|parent| behind[parent.index()] | own.get(parent).copied().unwrap_or(0));
            let mut bits = above.fold(0, |all, bits| all | bits);
            behind[no.index()] = bits;
            while bits != 0 {
                together[bits.trailing_zeros() as usize].blocks += 1;
                bits &= bits - 1;
            }
        }
    }
}

/// How long the last attempt took: of what is complete, and so far of what is worked on.
fn duration(step: &Step, now: Timestamp) -> Option<u64> {
    let ended = match step.status {
        Status::Complete => step.completed_at?,
        Status::InProgress => now,
        Status::Pending | Status::Error | Status::Cancelled | Status::ResolvedManually => return None,
    };
    u64::try_from(ended.since(step.started_at?).as_micros()).ok()
}

#[cfg(test)]
mod tests;
