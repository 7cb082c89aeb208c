//! Tasker runs workflows that must finish.
//!
//! A workflow is a YAML *task template*; a *task* is one run of it. This crate is the engine, the GraphQL
//! service around it and the `tasker` program; an application registers its own handlers and starts the same
//! service with them. `ARCHITECTURE.md` draws the modules and the way imports point.

pub mod app;
pub mod auth;
pub mod cli;
pub mod config;
pub mod data;
pub mod events;
pub mod graphql;
pub mod metrics;
pub mod model;
pub mod orchestration;
pub mod outbound;
pub mod playground;
pub mod prelude;
pub mod rest;
pub mod samples;
pub mod telemetry;
pub mod testing;

pub use async_trait::async_trait;
