//! The event log, read and followed. One dense position orders it, in the order of the commits.
//!
//! A follower gets events from memory while it keeps up and from the table when it does not, by the same
//! position: nothing is missed and nothing is seen twice.

mod floor;
mod follow;
mod listen;
mod own;
mod publish;
mod query;
mod reach;
mod recent;
mod story;

pub(in crate::data) use floor::raise;
pub use floor::{floor, needed_after};
pub use follow::Follower;
pub use listen::COMMANDS;
pub use own::{OwnEvents, OwnEventsEnd};
pub use publish::EventLog;
pub use query::{EventFilter, after, before, last_of_task, of_task, of_task_between, position};
pub use story::{of_steps, of_tasks};
