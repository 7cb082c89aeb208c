//! Nobody gets past the gate: whole operations, over real transports, under a real policy.

pub mod explain;
mod faults;
mod giving;
mod lists;
mod refusals;
mod reload;
mod routes;
pub mod service;
mod streams;
mod targets;
mod views;
