//! Nobody gets past the gate: whole operations, over real transports, under a real policy.

mod faults;
mod giving;
mod lists;
mod refusals;
mod reload;
mod routes;
mod service;
mod streams;
mod targets;
mod views;
