//! The engine: what can be asked of tasks, and how they are run.
//!
//! One file a verb. Reads are not here: they go to `data`.

mod activity;
pub mod analytics;
mod annotate_task;
pub mod api_tokens;
mod caller;
mod capacity;
mod claim;
pub mod clock;
mod command;
mod create;
mod declared;
mod delete_task;
mod engine;
mod error;
mod figures;
pub mod handler;
pub mod health;
mod known;
mod lease;
mod pinned;
mod publish_event;
mod refusals;
mod retention;
mod run;
mod runs;
mod standing;
mod stop;
mod supervise;
mod sweep;
mod tell;
mod traced;
mod value;
mod wakes;
mod worker;

pub use activity::Activity;
pub use annotate_task::Note;
pub use caller::Caller;
pub use clock::Clock;
pub use command::Wish;
pub use create::{Created, TaskRequest};
pub use declared::catalogue;
pub use engine::{Engine, Lookup, Parts, Settings};
pub use error::Error;
pub use refusals::{Place, Refusals};
pub use retention::{Pruned, Pruner};
pub use worker::{ClaimRequest, Claimed, Heartbeat, WorkerSays};
