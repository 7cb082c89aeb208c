//! The integration tests, in one binary: every sentence about storage is proved on both databases.

#[macro_use]
mod place;
#[macro_use]
mod story;
mod app;
mod architecture;
mod attack;
mod audit;
mod auth;
mod authorization;
mod crash;
mod engine;
mod fuzz;
mod gate;
mod graphql;
mod journal;
mod script;
