//! The tables as sea-orm sees them, for reading.

pub mod api_token;
pub mod audit;
pub mod event;
pub mod named_task;
pub mod node;
pub mod step;
pub mod task;
