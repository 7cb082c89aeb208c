//! `orchestration`: how tasks are run.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::units::{bytes, duration};

/// How tasks are run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Orchestration {
    /// How long a silent node keeps its tasks before another takes them over.
    #[serde(with = "duration")]
    pub lease_ttl: Duration,
    /// Unfinished tasks held in memory; the others wait in the database.
    pub max_tasks_in_memory: usize,
    /// Recoveries of a task without progress before its step goes to `error`.
    pub max_recoveries: u32,
    /// Workers in a row that may vanish while they make a step before it goes to `error`.
    pub max_lost_leases: u32,
    /// A task with nothing to do for longer than this leaves memory.
    #[serde(with = "duration")]
    pub park_after: Duration,
    /// Changes that may wait for the journal before callers are answered `OVERLOADED`.
    pub journal_queue: usize,
    /// Changes in one commit of the journal, at most.
    pub journal_flush_rows: usize,
    /// How long a command waits for the node that owns its task.
    #[serde(with = "duration")]
    pub command_wait: Duration,
    /// Bytes that a task's context may have.
    #[serde(with = "bytes")]
    pub max_context_bytes: usize,
    /// Bytes that a step's results may have.
    #[serde(with = "bytes")]
    pub max_results_bytes: usize,
    /// Tasks that one `createTasks` may have.
    pub max_bulk_tasks: usize,
    /// Steps that the tasks of one `createTasks` may have together.
    pub max_bulk_steps: usize,
}

impl Default for Orchestration {
    fn default() -> Self {
        Self {
            lease_ttl: Duration::from_secs(10),
            max_tasks_in_memory: 2_000,
            max_recoveries: 5,
            max_lost_leases: 25,
            park_after: Duration::from_secs(30),
            journal_queue: 20_000,
            journal_flush_rows: 1_000,
            command_wait: Duration::from_secs(5),
            max_context_bytes: 1 << 20,
            max_results_bytes: 1 << 20,
            max_bulk_tasks: 1_000,
            max_bulk_steps: 100_000,
        }
    }
}
