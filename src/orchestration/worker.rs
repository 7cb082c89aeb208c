//! Work for remote workers: what waits is claimed under a lease, kept by heartbeats, and answered once.
//!
//! Every change goes through the task's run, like any other command. Here is who asks for what, and who is told when
//! there is something to ask for.

mod answer;
mod carry;
mod claim;
mod claimed;
mod heartbeat;
mod news;
mod polls;
mod turns;

pub use answer::WorkerSays;
pub use claim::ClaimRequest;
pub use claimed::Claimed;
pub use heartbeat::Heartbeat;

pub(super) use claimed::Kept;

use std::sync::atomic::AtomicBool;

use tokio::sync::Mutex;

use self::{polls::Polls, turns::Turns};
use super::Engine;
use crate::model::{status::Status, task::Task};

/// What this node knows of workers.
#[derive(Default)]
pub(super) struct Workers {
    polls: Polls,
    /// One claim looks at a time, so that two do not see the same.
    turns: Mutex<Turns>,
    /// The log is followed for them.
    follows: AtomicBool,
}

impl Engine {
    /// A worker asks here for what the task waits for, or has it: it is quicker from memory.
    pub(super) fn attends(&self, task: &Task) -> bool {
        let polls = &self.workers().polls;
        task.steps.iter().any(|step| match step.status {
            Status::InProgress => step.lease.is_some(),
            Status::Pending => {
                step.awaiting_since.is_some() && polls.asks_for(&task.template.step(step.no).handler_class)
            }
            Status::Complete | Status::Error | Status::Cancelled | Status::ResolvedManually => false,
        })
    }
}
