//! Who is told of events: in this process, and over HTTP.

mod crash;
pub mod deliveries;
pub mod hooks;
mod in_process;
pub mod receiver;
mod recorder;
mod stored;
