//! The subscribers that `subscribers.yaml` can declare and that run in this process.

mod log;
mod mask;
mod metrics;

pub(super) use log::LogSubscriber;
pub(super) use metrics::MetricsSubscriber;
