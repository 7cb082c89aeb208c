//! The GraphQL surface of a service that listens on a port, asked by clients that know nothing of its inside.

mod client;
pub mod count;
mod setup;
mod sse;
mod templates;
pub mod ws;

mod commands;
mod cost;
mod creating;
mod creating_many;
mod errors;
mod events;
mod faults;
mod fields;
mod following;
mod http;
mod limits;
mod listing;
mod paging;
mod schema;
mod sockets;
mod step_commands;
mod stopping;
mod streams;
mod watching;
