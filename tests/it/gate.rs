//! Nobody gets past the gate: whole operations, over real transports, under a real policy.

mod additions;
pub mod explain;
mod faults;
mod giving;
mod lists;
mod pictures;
mod refusals;
mod reload;
mod routes;
pub mod service;
mod streams;
mod targets;
mod views;
mod workers;
