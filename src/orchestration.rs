//! The engine: what can be asked of tasks, and how they are run.
//!
//! One file a verb. Reads are not here: they go to `data`.

mod activity;
pub mod api_tokens;
mod caller;
mod capacity;
mod claim;
pub mod clock;
mod command;
mod create;
mod delete_task;
mod engine;
mod error;
pub mod handler;
mod known;
mod lease;
mod pinned;
mod refusals;
mod run;
mod runs;
mod standing;
mod stop;
mod supervise;
mod sweep;
mod value;
mod wakes;

pub use activity::Activity;
pub use caller::Caller;
pub use clock::Clock;
pub use command::Wish;
pub use create::{Created, TaskRequest};
pub use engine::{Engine, Parts, Settings};
pub use error::Error;
pub use refusals::{Place, Refusals};
