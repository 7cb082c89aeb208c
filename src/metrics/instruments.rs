//! The instruments, one line each.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Metric, Registry, Unit};

use super::labels::{
    ByCommand, ByFate, ByLimit, ByOutcome, ByPool, ByRemoved, ByReply, ByRequest, ByStatus, ByWait,
};
use super::templates::ByTemplate;

/// A struct of instruments and their registration, from one table: name, type, what it starts as, what it says.
macro_rules! instruments {
    ($($name:ident: $type:ty = $new:expr, $help:literal;)*) => {
        /// Everything that is counted.
        #[derive(Debug)]
        pub struct Instruments {
            $(#[doc = $help] pub $name: $type,)*
        }

        impl Instruments {
            /// Makes and registers them all.
            pub(super) fn register(registry: &mut Registry) -> Self {
                Self { $($name: register(registry, stringify!($name), $help, $new),)* }
            }
        }
    };
}

// A counter's name gets `_total` when it is written, so it is not part of it here.
#[rustfmt::skip]
instruments! {
    tasks_created: Counter = Counter::default(),                       "Tasks created, without repetitions of a request";
    tasks_finished: Family<ByStatus, Counter> = Family::default(),     "Tasks that came to rest, by status; error is left again by a retry";
    steps_started: Counter = Counter::default(),                       "Attempts begun";
    steps_finished: Family<ByOutcome, Counter> = Family::default(),    "Attempts ended, by outcome";
    attempts_abandoned: Counter = Counter::default(),                  "Handlers that did not stop when they should have, and were left to themselves";
    step_retries: Counter = Counter::default(),                        "Attempts scheduled after a failure";
    steps_awaiting_worker: Counter = Counter::default(),               "Steps left to a worker, as no handler is here";
    worker_claims: Counter = Counter::default(),                       "Attempts that workers have claimed";
    worker_leases_lost: Counter = Counter::default(),                  "Attempts given back because their worker was not heard of";
    http_requests: Family<ByReply, Counter> = Family::default(),       "Requests of HTTP steps, by what became of them";
    custom_events: Counter = Counter::default(),                       "Events published by handlers";
    recoveries: Counter = Counter::default(),                          "Tasks taken over from a dead node";
    overloaded: Counter = Counter::default(),                          "Callers turned away because the journal was full";
    commands: Family<ByCommand, Counter> = Family::default(),          "Commands, by verb and answer";
    graphql_requests: Family<ByRequest, Counter> = Family::default(),  "GraphQL operations, by kind and code";
    rate_limited: Family<ByLimit, Counter> = Family::default(),        "Callers told to wait because they asked too often, by limit";
    connections_refused: Counter = Counter::default(),                 "Connections closed at once because their address had too many open";
    connections_shed: Counter = Counter::default(),                    "Connections closed because requests on their way took too much memory together";
    authz_errors: Counter = Counter::default(),                        "Times it could not be worked out what a caller may do, which means nothing";
    removed_rows: Family<ByRemoved, Counter> = Family::default(),      "Rows removed because they are no longer kept, by what they were";

    trace_spans: Family<ByFate, Counter> = Family::default(),          "Spans recorded for traces, and those that the collector took or did not; the rest waits or was dropped";

    tasks_unsettled: Family<ByStatus, Gauge> = Family::default(),      "Tasks in the database that are not settled, by status; the same on every node";
    tasks_waiting: Family<ByWait, Gauge> = Family::default(),          "Unfinished tasks in the database that no node holds, by what they wait for; the same on every node";
    tasks_in_memory_limit: Gauge = Gauge::default(),                   "Tasks that this node may hold in memory";
    tasks_in_memory: Gauge = Gauge::default(),                         "Tasks that this node holds in memory";
    workers_waiting: Gauge = Gauge::default(),                         "Workers that wait for something to claim";
    steps_running: Gauge = Gauge::default(),                           "Handlers at work";
    http_circuits_open: Gauge = Gauge::default(),                      "Hosts that HTTP steps leave alone because they failed too often";
    journal_queue: Gauge = Gauge::default(),                           "Changes waiting to be committed";
    journal_queue_limit: Gauge = Gauge::default(),                     "Changes that may wait; beyond it callers are turned away";
    log_position: Gauge = Gauge::default(),                            "Position of the last event in the log that this node knows of";
    log_follower_lag_batches: Gauge = Gauge::default(),                "Commits that the slowest follower of the log has not read yet; far behind, it reads the table";
    database_connections: Family<ByPool, Gauge> = Family::default(),   "Connections to the database that are open, by what they are for and whether they are in use";
    subscriptions: Gauge = Gauge::default(),                           "GraphQL subscriptions being served";
    connections: Gauge = Gauge::default(),                             "Connections that are open, WebSockets among them";
    database_up: Gauge = Gauge::default(),                             "1 while the database answers, else 0";
    oldest_task_seconds: Gauge = Gauge::default(),                     "Time since the oldest settled task that is kept was settled";
    oldest_event_seconds: Gauge = Gauge::default(),                    "Time since the oldest event that is kept happened";
    primary_database_up: Gauge = Gauge::default(),                     "1 while the application's own database answers, else 0; 0 where it is none of its own";

    journal_batch_changes: Histogram = powers_of_two(13),              "Changes in one commit";
    journal_commit_seconds: Histogram = seconds(0.000_25, 16),         "Time a commit takes";
    journal_wait_seconds: Histogram = seconds(0.000_25, 16),           "Time a change waits before its commit begins";
    step_duration_seconds: Family<ByTemplate, Histogram, NewHistogram> = of_template(|| seconds_by_four(0.001, 10)), "Time an attempt takes, by template; beyond a hundred templates they share one";
    task_duration_seconds: Family<ByTemplate, Histogram, NewHistogram> = of_template(|| seconds_by_four(0.001, 12)), "Time a task takes from its first attempt until it rests, by template; beyond a hundred templates they share one";
    http_request_seconds: Histogram = seconds(0.000_25, 18),           "Time a request of an HTTP step takes, redirects apart";
    graphql_request_seconds: Histogram = seconds(0.000_25, 18),        "Time a query or mutation takes";
}

/// Registers an instrument. The unit is the end of its name; the library wants it apart.
fn register<M: Metric + Shared>(registry: &mut Registry, name: &str, help: &str, instrument: M) -> M {
    match name.strip_suffix("_seconds") {
        Some(name) => registry.register_with_unit(name, help, Unit::Seconds, instrument.clone()),
        None => registry.register(name, help, instrument.clone()),
    }
    instrument
}

/// Clones of these count into the same instrument.
trait Shared: Clone {}

impl Shared for Counter {}
impl Shared for Gauge {}
impl Shared for Histogram {}
impl<L: Clone + Eq + std::hash::Hash, M, C: Clone> Shared for Family<L, M, C> {}

/// Makes a histogram of a family.
pub type NewHistogram = fn() -> Histogram;

fn of_template(new: NewHistogram) -> Family<ByTemplate, Histogram, NewHistogram> {
    Family::new_with_constructor(new)
}

/// From `least` upward, four times as much each: there is one for each template.
fn seconds_by_four(least: f64, buckets: u16) -> Histogram {
    Histogram::new(exponential_buckets(least, 4.0, buckets))
}

/// From `least` upward, doubling.
fn seconds(least: f64, buckets: u16) -> Histogram {
    Histogram::new(exponential_buckets(least, 2.0, buckets))
}

/// 1, 2, 4, …
fn powers_of_two(buckets: u16) -> Histogram {
    Histogram::new(exponential_buckets(1.0, 2.0, buckets))
}
