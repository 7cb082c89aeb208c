//! What is counted, in one typed struct, and its text for Prometheus.
//!
//! Every name starts with `tasker_` and ends with its unit; every label is an enum of [`labels`], so that the number
//! of series is bounded whatever callers send.

use std::env::consts::{ARCH, OS};
use std::ops::Deref;
use std::sync::Arc;

use prometheus_client::encoding::text;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

mod instruments;
pub mod labels;
mod process;
pub mod subscribers;
mod templates;

pub use self::instruments::Instruments;
use self::labels::{
    ByFate, ByLimit, ByOutcome, ByRemoved, ByReply, ByStatus, Fate, Limit, Outcome, Reply, What,
};
use self::process::Process;
pub use self::templates::{ByTemplate, TemplateLabels};
use crate::model::status::Status;

/// What [`Metrics::encode`] writes, for the `Content-Type` of `/metrics`.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The instruments of one node: `metrics.tasks_created.inc()`. Cheap to clone; every clone counts into the same.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Registered>);

#[derive(Debug)]
struct Registered {
    instruments: Instruments,
    subscribers: subscribers::Subscribers,
    templates: TemplateLabels,
    registry: Registry,
}

impl Metrics {
    /// Everything at zero.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("tasker");
        let instruments = Instruments::register(&mut registry);
        let build = vec![("version", env!("CARGO_PKG_VERSION")), ("os", OS), ("arch", ARCH)];
        registry.register("build", "This program", Info::new(build));
        registry.register_collector(Box::new(Process::new()));
        let subscribers = subscribers::Subscribers::register(&mut registry);
        let templates = TemplateLabels::default();
        let metrics = Self(Arc::new(Registered { instruments, subscribers, templates, registry }));
        metrics.begin_series();
        metrics
    }

    /// The series that alerts are written on exist from the start: a rate over one that appears later misses its
    /// first count.
    fn begin_series(&self) {
        for status in Status::ALL.into_iter().filter(|status| status.rests()) {
            _ = self.tasks_finished.get_or_create(&ByStatus { status });
        }
        for outcome in Outcome::ALL.iter().copied() {
            _ = self.steps_finished.get_or_create(&ByOutcome { outcome });
        }
        for outcome in Fate::ALL.iter().copied() {
            _ = self.trace_spans.get_or_create(&ByFate { outcome });
        }
        for outcome in Reply::ALL.iter().copied() {
            _ = self.http_requests.get_or_create(&ByReply { outcome });
        }
        for limit in Limit::ALL.iter().copied() {
            _ = self.rate_limited.get_or_create(&ByLimit { limit });
        }
        for what in What::ALL.iter().copied() {
            _ = self.removed_rows.get_or_create(&ByRemoved { what });
        }
    }

    /// What subscribers count, and what is counted about them.
    pub fn subscribers(&self) -> &subscribers::Subscribers {
        &self.0.subscribers
    }

    /// Labels that name a template.
    pub fn templates(&self) -> &TemplateLabels {
        &self.0.templates
    }

    /// Everything in the OpenMetrics text format.
    pub fn encode(&self) -> String {
        let mut page = String::new();
        if let Err(error) = text::encode(&mut page, &self.0.registry) {
            // Writing into a string doesn't fail; a metric of somebody else's might.
            tracing::error!(%error, "the metrics are incomplete");
        }
        page
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for Metrics {
    type Target = Instruments;

    fn deref(&self) -> &Instruments {
        &self.0.instruments
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::Metrics;
    use super::labels::{Answer, Code, Kind, Outcome, Verb};
    use super::labels::{ByCommand, ByOutcome, ByRequest, ByStatus};
    use crate::model::status::Status;

    #[test]
    fn the_page_has_every_metric_with_its_unit_and_labels() {
        let metrics = Metrics::new();
        let elsewhere = metrics.clone();
        elsewhere.tasks_created.inc_by(3);
        elsewhere.tasks_finished.get_or_create(&ByStatus { status: Status::Complete }).inc();
        elsewhere.steps_finished.get_or_create(&ByOutcome { outcome: Outcome::Timeout }).inc();
        elsewhere
            .commands
            .get_or_create(&ByCommand { verb: Verb::CancelTask, outcome: Answer::Conflict })
            .inc();
        let refused = ByRequest { kind: Kind::Mutation, code: Code::Forbidden };
        elsewhere.graphql_requests.get_or_create(&refused).inc();
        elsewhere.tasks_in_memory.set(2);
        elsewhere.journal_commit_seconds.observe(0.003);

        let label = elsewhere.templates().label("shop", "order");
        elsewhere.step_duration_seconds.get_or_create(&label).observe(0.5);

        let page = metrics.encode();
        // What follows is about the program and the process: different everywhere.
        let (page, _) = page.split_once("# HELP tasker_build ").expect("the program");
        let mut lines: Vec<&str> = page.lines().filter(|line| !line.contains("_bucket{")).collect();
        // The series of a family come in any order.
        let same_name = |a: &&str, b: &&str| a.split_once('{').map(|x| x.0) == b.split_once('{').map(|x| x.0);
        lines.chunk_by_mut(same_name).filter(|chunk| chunk[0].contains('{')).for_each(<[_]>::sort);
        assert_snapshot!(lines.join("\n"), @r#"
    # HELP tasker_tasks_created Tasks created, without repetitions of a request.
    # TYPE tasker_tasks_created counter
    tasker_tasks_created_total 3
    # HELP tasker_tasks_finished Tasks that came to rest, by status; error is left again by a retry.
    # TYPE tasker_tasks_finished counter
    tasker_tasks_finished_total{status="cancelled"} 0
    tasker_tasks_finished_total{status="complete"} 1
    tasker_tasks_finished_total{status="error"} 0
    tasker_tasks_finished_total{status="resolved_manually"} 0
    # HELP tasker_steps_started Attempts begun.
    # TYPE tasker_steps_started counter
    tasker_steps_started_total 0
    # HELP tasker_steps_finished Attempts ended, by outcome.
    # TYPE tasker_steps_finished counter
    tasker_steps_finished_total{outcome="cancelled"} 0
    tasker_steps_finished_total{outcome="complete"} 0
    tasker_steps_finished_total{outcome="lost"} 0
    tasker_steps_finished_total{outcome="panic"} 0
    tasker_steps_finished_total{outcome="permanent"} 0
    tasker_steps_finished_total{outcome="released"} 0
    tasker_steps_finished_total{outcome="retryable"} 0
    tasker_steps_finished_total{outcome="timeout"} 1
    # HELP tasker_attempts_abandoned Handlers that did not stop when they should have, and were left to themselves.
    # TYPE tasker_attempts_abandoned counter
    tasker_attempts_abandoned_total 0
    # HELP tasker_step_retries Attempts scheduled after a failure.
    # TYPE tasker_step_retries counter
    tasker_step_retries_total 0
    # HELP tasker_steps_awaiting_worker Steps left to a worker, as no handler is here.
    # TYPE tasker_steps_awaiting_worker counter
    tasker_steps_awaiting_worker_total 0
    # HELP tasker_worker_claims Attempts that workers have claimed.
    # TYPE tasker_worker_claims counter
    tasker_worker_claims_total 0
    # HELP tasker_worker_leases_lost Attempts given back because their worker was not heard of.
    # TYPE tasker_worker_leases_lost counter
    tasker_worker_leases_lost_total 0
    # HELP tasker_http_requests Requests of HTTP steps, by what became of them.
    # TYPE tasker_http_requests counter
    tasker_http_requests_total{outcome="accepted"} 0
    tasker_http_requests_total{outcome="broken"} 0
    tasker_http_requests_total{outcome="cancelled"} 0
    tasker_http_requests_total{outcome="circuit_open"} 0
    tasker_http_requests_total{outcome="forbidden"} 0
    tasker_http_requests_total{outcome="rate_limited"} 0
    tasker_http_requests_total{outcome="redirect"} 0
    tasker_http_requests_total{outcome="refused"} 0
    tasker_http_requests_total{outcome="server_error"} 0
    tasker_http_requests_total{outcome="timeout"} 0
    tasker_http_requests_total{outcome="unusable"} 0
    # HELP tasker_custom_events Events published by handlers.
    # TYPE tasker_custom_events counter
    tasker_custom_events_total 0
    # HELP tasker_recoveries Tasks taken over from a dead node.
    # TYPE tasker_recoveries counter
    tasker_recoveries_total 0
    # HELP tasker_overloaded Callers turned away because the journal was full.
    # TYPE tasker_overloaded counter
    tasker_overloaded_total 0
    # HELP tasker_commands Commands, by verb and answer.
    # TYPE tasker_commands counter
    tasker_commands_total{verb="cancel_task",outcome="conflict"} 1
    # HELP tasker_graphql_requests GraphQL operations, by kind and code.
    # TYPE tasker_graphql_requests counter
    tasker_graphql_requests_total{kind="mutation",code="FORBIDDEN"} 1
    # HELP tasker_rate_limited Callers told to wait because they asked too often, by limit.
    # TYPE tasker_rate_limited counter
    tasker_rate_limited_total{limit="address"} 0
    tasker_rate_limited_total{limit="sign_in"} 0
    tasker_rate_limited_total{limit="subject"} 0
    # HELP tasker_connections_refused Connections closed at once because their address had too many open.
    # TYPE tasker_connections_refused counter
    tasker_connections_refused_total 0
    # HELP tasker_connections_shed Connections closed because requests on their way took too much memory together.
    # TYPE tasker_connections_shed counter
    tasker_connections_shed_total 0
    # HELP tasker_authz_errors Times it could not be worked out what a caller may do, which means nothing.
    # TYPE tasker_authz_errors counter
    tasker_authz_errors_total 0
    # HELP tasker_removed_rows Rows removed because they are no longer kept, by what they were.
    # TYPE tasker_removed_rows counter
    tasker_removed_rows_total{what="audit"} 0
    tasker_removed_rows_total{what="belonging"} 0
    tasker_removed_rows_total{what="event"} 0
    tasker_removed_rows_total{what="figure"} 0
    tasker_removed_rows_total{what="task"} 0
    # HELP tasker_trace_spans Spans recorded for traces, and those that the collector took or did not; the rest waits or was dropped.
    # TYPE tasker_trace_spans counter
    tasker_trace_spans_total{outcome="exported"} 0
    tasker_trace_spans_total{outcome="failed"} 0
    tasker_trace_spans_total{outcome="recorded"} 0
    # HELP tasker_tasks_in_memory_limit Tasks that this node may hold in memory.
    # TYPE tasker_tasks_in_memory_limit gauge
    tasker_tasks_in_memory_limit 0
    # HELP tasker_tasks_in_memory Tasks that this node holds in memory.
    # TYPE tasker_tasks_in_memory gauge
    tasker_tasks_in_memory 2
    # HELP tasker_workers_waiting Workers that wait for something to claim.
    # TYPE tasker_workers_waiting gauge
    tasker_workers_waiting 0
    # HELP tasker_steps_running Handlers at work.
    # TYPE tasker_steps_running gauge
    tasker_steps_running 0
    # HELP tasker_http_circuits_open Hosts that HTTP steps leave alone because they failed too often.
    # TYPE tasker_http_circuits_open gauge
    tasker_http_circuits_open 0
    # HELP tasker_journal_queue Changes waiting to be committed.
    # TYPE tasker_journal_queue gauge
    tasker_journal_queue 0
    # HELP tasker_journal_queue_limit Changes that may wait; beyond it callers are turned away.
    # TYPE tasker_journal_queue_limit gauge
    tasker_journal_queue_limit 0
    # HELP tasker_log_position Position of the last event in the log that this node knows of.
    # TYPE tasker_log_position gauge
    tasker_log_position 0
    # HELP tasker_log_follower_lag_batches Commits that the slowest follower of the log has not read yet; far behind, it reads the table.
    # TYPE tasker_log_follower_lag_batches gauge
    tasker_log_follower_lag_batches 0
    # HELP tasker_subscriptions GraphQL subscriptions being served.
    # TYPE tasker_subscriptions gauge
    tasker_subscriptions 0
    # HELP tasker_connections Connections that are open, WebSockets among them.
    # TYPE tasker_connections gauge
    tasker_connections 0
    # HELP tasker_database_up 1 while the database answers, else 0.
    # TYPE tasker_database_up gauge
    tasker_database_up 0
    # HELP tasker_oldest_task_seconds Time since the oldest settled task that is kept was settled.
    # TYPE tasker_oldest_task_seconds gauge
    # UNIT tasker_oldest_task_seconds seconds
    tasker_oldest_task_seconds 0
    # HELP tasker_oldest_event_seconds Time since the oldest event that is kept happened.
    # TYPE tasker_oldest_event_seconds gauge
    # UNIT tasker_oldest_event_seconds seconds
    tasker_oldest_event_seconds 0
    # HELP tasker_primary_database_up 1 while the application's own database answers, else 0; 0 where it is none of its own.
    # TYPE tasker_primary_database_up gauge
    tasker_primary_database_up 0
    # HELP tasker_journal_batch_changes Changes in one commit.
    # TYPE tasker_journal_batch_changes histogram
    tasker_journal_batch_changes_sum 0.0
    tasker_journal_batch_changes_count 0
    # HELP tasker_journal_commit_seconds Time a commit takes.
    # TYPE tasker_journal_commit_seconds histogram
    # UNIT tasker_journal_commit_seconds seconds
    tasker_journal_commit_seconds_sum 0.003
    tasker_journal_commit_seconds_count 1
    # HELP tasker_journal_wait_seconds Time a change waits before its commit begins.
    # TYPE tasker_journal_wait_seconds histogram
    # UNIT tasker_journal_wait_seconds seconds
    tasker_journal_wait_seconds_sum 0.0
    tasker_journal_wait_seconds_count 0
    # HELP tasker_step_duration_seconds Time an attempt takes, by template; beyond a hundred templates they share one.
    # TYPE tasker_step_duration_seconds histogram
    # UNIT tasker_step_duration_seconds seconds
    tasker_step_duration_seconds_sum{namespace="shop",template="order"} 0.5
    tasker_step_duration_seconds_count{namespace="shop",template="order"} 1
    # HELP tasker_http_request_seconds Time a request of an HTTP step takes, redirects apart.
    # TYPE tasker_http_request_seconds histogram
    # UNIT tasker_http_request_seconds seconds
    tasker_http_request_seconds_sum 0.0
    tasker_http_request_seconds_count 0
    # HELP tasker_graphql_request_seconds Time a query or mutation takes.
    # TYPE tasker_graphql_request_seconds histogram
    # UNIT tasker_graphql_request_seconds seconds
    tasker_graphql_request_seconds_sum 0.0
    tasker_graphql_request_seconds_count 0
    "#);
    }

    #[test]
    fn buckets_reach_from_the_usual_to_the_worst() {
        let metrics = Metrics::new();
        let label = metrics.templates().label("shop", "order");
        metrics.step_duration_seconds.get_or_create(&label).observe(0.5);
        metrics.task_duration_seconds.get_or_create(&label).observe(0.5);
        let page = metrics.encode();
        let bounds = |name: &str| {
            let start = format!("tasker_{name}_bucket{{le=\"");
            let bounds = page.lines().filter_map(|line| line.strip_prefix(&start)?.split('"').next());
            format!("{name}: {}", bounds.collect::<Vec<_>>().join(" "))
        };
        let names = [
            "journal_batch_changes",
            "journal_commit_seconds",
            "step_duration_seconds",
            "task_duration_seconds",
        ];
        assert_snapshot!(names.map(bounds).join("\n"), @r"
    journal_batch_changes: 1.0 2.0 4.0 8.0 16.0 32.0 64.0 128.0 256.0 512.0 1024.0 2048.0 4096.0 +Inf
    journal_commit_seconds: 0.00025 0.0005 0.001 0.002 0.004 0.008 0.016 0.032 0.064 0.128 0.256 0.512 1.024 2.048 4.096 8.192 +Inf
    step_duration_seconds: 0.001 0.004 0.016 0.064 0.256 1.024 4.096 16.384 65.536 262.144 +Inf
    task_duration_seconds: 0.001 0.004 0.016 0.064 0.256 1.024 4.096 16.384 65.536 262.144 1048.576 4194.304 +Inf
    ");
    }
}
