//! The GraphQL surface of a service that listens on a port, asked by clients that know nothing of its inside.

pub mod client;
pub mod count;
pub mod setup;
pub mod sse;
mod templates;
pub mod ws;

mod annotations;
mod catalogue;
mod commands;
mod cost;
mod creating;
mod creating_many;
mod delivered;
mod diagrams;
mod errors;
mod events;
mod faults;
mod fields;
mod following;
mod handlers;
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
