//! The journal and the log, without an engine around them.

mod cost;
pub mod desk;
mod following;
mod order;
mod uncertainty;
mod writing;
