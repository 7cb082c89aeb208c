//! The integration tests, in one binary: every sentence about storage is proved on both databases.

#[macro_use]
mod place;
#[macro_use]
mod story;
mod analytics;
mod api;
mod app;
mod architecture;
mod attack;
mod audit;
mod auth;
mod authorization;
mod crash;
mod databases;
mod docs;
mod drawing;
mod engine;
mod event_catalog;
mod fuzz;
mod gate;
mod generate;
mod graphql;
mod journal;
mod kit;
mod readers;
mod rest;
mod script;
mod subscribers;
mod telemetry;
