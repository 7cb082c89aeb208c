//! Recipes: events told to Sentry, Slack, PagerDuty and StatsD, as subscribers of an application.
//!
//! `SLACK_WEBHOOK_URL=https://hooks.slack.com/services/… cargo run --example subscribers -- serve`: each recipe is on
//! where its variable is set. They run in the node's own process, at most once, and never hold up a task. Where a
//! delivery must survive a crash, declare a webhook in `config/subscribers.yaml` instead, and translate at its
//! receiver.

mod pagerduty;
mod sentry;
mod slack;
mod statsd;
#[cfg(test)]
mod tests;

use std::{env, process::ExitCode, time::Duration};

use tasker::prelude::*;

fn main() -> ExitCode {
    // TLS by rustls with ring.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Tasker::builder();
    if let Ok(url) = env::var("SLACK_WEBHOOK_URL") {
        builder = builder.subscriber(slack::Slack::new(url));
    }
    if let Ok(key) = env::var("PAGERDUTY_ROUTING_KEY") {
        builder = builder.subscriber(pagerduty::PagerDuty::new(pagerduty::EVENTS_API, key));
    }
    if let Ok(dsn) = env::var("SENTRY_DSN") {
        match sentry::Sentry::new(&dsn) {
            Some(sentry) => builder = builder.subscriber(sentry),
            None => {
                eprintln!("SENTRY_DSN is no DSN; it reads https://KEY@HOST/PROJECT");
                return ExitCode::FAILURE;
            }
        }
    }
    if let Ok(address) = env::var("STATSD_ADDRESS") {
        builder = builder.subscriber(statsd::StatsD::new(address));
    }
    builder.run()
}

/// A client whose requests end before the subscriber's own limit does.
fn client() -> reqwest::Client {
    reqwest::Client::builder().timeout(Duration::from_secs(8)).build().unwrap_or_default()
}

/// Sends JSON, and takes anything but 2xx for a failure: it is counted and logged.
async fn send(request: reqwest::RequestBuilder, body: &Value) -> Result<(), SubscriberError> {
    // The library's errors hold the address, and addresses hold keys.
    let answer = request.json(body).send().await.map_err(reqwest::Error::without_url)?;
    match answer.status() {
        status if status.is_success() => Ok(()),
        status => Err(format!("the answer is {status}").into()),
    }
}
