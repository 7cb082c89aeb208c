//! Wires the service together and starts it: with a user's own handlers, or as the `tasker` program.

mod address;
mod authorization;
mod banner;
mod builder;
pub mod connections;
mod open;
mod probes;
mod routes;
mod scrape;
mod serve;
mod sign_in;
mod signals;
pub mod subscribers;
pub mod template_files;
mod tokens;
mod traced;

pub use builder::{Builder, Extensions, Tasker};
pub use open::{App, Error};
pub use routes::{Access, Caller, Route};
pub(crate) use serve::limits;
pub use serve::listen;
