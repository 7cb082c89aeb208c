//! Nobody gets past the gate: whole operations, over real transports, under a real policy.

mod lists;
mod refusals;
mod reload;
pub mod service;
mod streams;
mod targets;
mod views;
