//! The integration tests, in one binary: every sentence about storage is proved on both databases.

#[macro_use]
mod place;
#[macro_use]
mod story;
mod app;
mod architecture;
mod auth;
mod engine;
mod journal;
mod script;
