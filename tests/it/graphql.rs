//! The GraphQL surface of a service that listens on a port, asked by clients that know nothing of its inside.

mod count;
mod setup;
mod sse;
mod templates;
mod ws;

mod commands;
mod cost;
mod creating;
mod creating_many;
mod events;
mod fields;
mod following;
mod listing;
mod paging;
mod schema;
mod step_commands;
mod watching;
