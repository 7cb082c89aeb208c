//! The event log, read and followed. One dense position orders it, in the order of the commits.
//!
//! A follower gets events from memory while it keeps up and from the table when it does not, by the same
//! position: nothing is missed and nothing is seen twice.

mod follow;
mod listen;
mod publish;
mod query;
mod reach;
mod recent;
mod story;

pub use follow::Follower;
pub use publish::EventLog;
pub use query::{EventFilter, after, before, of_task, position};
pub use story::{of_steps, of_tasks};
