//! Wires the service together and starts it: with a user's own handlers, or as the `tasker` program.

mod address;
mod banner;
mod builder;
mod open;
mod probes;
mod serve;
mod signals;
pub mod template_files;

pub use builder::{Builder, Tasker};
pub use open::{App, Error};
pub use serve::listen;
