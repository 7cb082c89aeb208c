//! The real program as a process: killed, stopped, paused, cut off from its database, started wrongly.
//!
//! After each fault an auditor reads the database itself and what the handlers wrote down, and holds both to what
//! the service promises.

mod audit;
pub mod client;
pub mod home;
mod ledger;
mod load;
pub mod programs;
pub mod service;
pub mod shapes;
mod wire;

mod bulk;
mod drain;
mod first_run;
mod kills;
mod nodes;
mod paused;
mod poison;
mod severed;
mod sizes;
mod sockets;
mod starts;
mod webhooks;
