//! What the service tells about itself: traces at a real collector, metrics, the dashboard, and what log lines hide.

pub mod collector;
mod dashboard;
mod metrics;
mod nested;
mod traces;
mod tree;
