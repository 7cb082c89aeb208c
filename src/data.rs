//! The only SQL. The journal is the only writer of a status; everything else reads.

pub mod annotations;
pub mod api_tokens;
pub mod audit;
mod belongings;
pub mod commands;
pub mod connect;
pub mod duty;
pub mod entity;
mod error;
pub mod health;
pub mod journal;
pub mod load;
pub mod lock;
pub mod log;
pub mod migrate;
pub mod named_task;
pub mod node;
pub mod parked;
mod primary;
pub mod remote;
pub mod retention;
pub mod rollup;
pub mod subscribers;
pub mod tasks;
pub mod waiting;

pub use connect::{Database, Kind};
pub use error::Error;
pub use primary::Primary;
