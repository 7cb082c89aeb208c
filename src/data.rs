//! The only SQL. The journal is the only writer of a status; everything else reads.

pub mod api_tokens;
pub mod audit;
pub mod connect;
pub mod entity;
mod error;
pub mod journal;
pub mod load;
pub mod lock;
pub mod log;
pub mod migrate;
pub mod named_task;
pub mod node;
pub mod parked;
pub mod tasks;

pub use connect::{Database, Kind};
pub use error::Error;
