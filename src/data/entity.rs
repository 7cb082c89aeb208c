//! The tables as sea-orm sees them, for reading.

pub mod annotation;
pub mod annotation_type;
pub mod api_token;
pub mod audit;
pub mod command;
pub mod event;
pub mod named_task;
pub mod node;
pub mod remote_attempt;
pub mod step;
pub mod task;
