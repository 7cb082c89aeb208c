//! Between which values each number, size and duration must lie. One table.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::Config;
use super::sources::Sources;
use super::units::bytes;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);
const CENTURY: Duration = Duration::from_secs(36_525 * 24 * 3_600);
const MANY: usize = 100_000_000;
const MILLION: u32 = 1_000_000;
const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;
const GIB: usize = 1 << 30;

/// Refuses what lies outside.
#[rustfmt::skip]
pub fn all(config: &Config, sources: &mut Sources) {
    let Config { server, database, templates, orchestration, retention, graphql, telemetry, .. } = config;
    let limits = &graphql.limits;
    let mut check = Check { sources };
    check.time(  "server.shutdown_grace",                server.shutdown_grace,                ms(0)..=HOUR);
    check.time(  "server.request_timeout",               server.request_timeout,               ms(100)..=HOUR);
    check.number("server.max_connections",               server.max_connections,               1..=1_000_000);
    check.number("server.max_connections_per_address",   server.max_connections_per_address,   1..=1_000_000);
    check.size(  "server.max_request_memory",            server.max_request_memory,            limits.body_bytes.max(MIB)..=1_024 * GIB);
    check.time(  "server.header_timeout",                server.header_timeout,                ms(100)..=HOUR);
    check.time(  "server.idle_timeout",                  server.idle_timeout,                  ms(100)..=HOUR);
    check.number("server.rate_limit.per_address",        server.rate_limit.per_address,        1..=MILLION);
    check.number("server.rate_limit.per_address_burst",  server.rate_limit.per_address_burst,  1..=MILLION);
    check.number("server.rate_limit.per_subject",        server.rate_limit.per_subject,        1..=MILLION);
    check.number("server.rate_limit.per_subject_burst",  server.rate_limit.per_subject_burst,  1..=MILLION);
    check.number("server.rate_limit.failed_sign_ins",    server.rate_limit.failed_sign_ins,    1..=MILLION);
    check.number("server.rate_limit.failed_sign_ins_burst", server.rate_limit.failed_sign_ins_burst, 1..=MILLION);
    check.number("server.rate_limit.max_keys",           server.rate_limit.max_keys,           100..=10_000_000);
    check.number("database.primary.max_connections",     database.primary.max_connections,     1..=1_000);
    check.number("database.max_connections",             database.max_connections,             1..=1_000);
    check.time(  "database.connect_timeout",             database.connect_timeout,             ms(100)..=HOUR);
    check.number("templates.max_steps",                  templates.max_steps,                  1..=MANY);
    check.size(  "templates.max_file_bytes",             templates.max_file_bytes,             KIB..=GIB);
    check.time(  "orchestration.lease_ttl",              orchestration.lease_ttl,              ms(1_000)..=HOUR);
    check.number("orchestration.max_tasks_in_memory",    orchestration.max_tasks_in_memory,    1..=MANY);
    check.number("orchestration.max_recoveries",         orchestration.max_recoveries,         1..=1_000);
    check.number("orchestration.max_lost_leases",        orchestration.max_lost_leases,        1..=1_000_000);
    check.time(  "orchestration.park_after",             orchestration.park_after,             ms(100)..=DAY);
    check.number("orchestration.journal_queue",          orchestration.journal_queue,          1..=MANY);
    check.number("orchestration.journal_flush_rows",     orchestration.journal_flush_rows,     1..=100_000);
    check.time(  "orchestration.command_wait",           orchestration.command_wait,           ms(0)..=HOUR);
    check.size(  "orchestration.max_context_bytes",      orchestration.max_context_bytes,      KIB..=GIB);
    check.size(  "orchestration.max_results_bytes",      orchestration.max_results_bytes,      KIB..=GIB);
    check.number("orchestration.max_bulk_tasks",         orchestration.max_bulk_tasks,         1..=MANY);
    check.number("orchestration.max_bulk_steps",         orchestration.max_bulk_steps,         1..=MANY);
    check.time(  "retention.interval",                   retention.interval,                   ms(1_000)..=DAY);
    check.number("retention.batch",                      retention.batch,                      1..=1_000);
    check.number("retention.max_per_second",             retention.max_per_second,             1..=1_000_000);
    for (key, kept) in retention.durations() {
        check.time(&key, kept, MINUTE..=CENTURY);
    }
    check.number("graphql.subscriptions_per_connection", graphql.subscriptions_per_connection, 1..=100_000);
    check.number("graphql.subscriptions_per_subject",    graphql.subscriptions_per_subject,    1..=MANY);
    check.time(  "graphql.connection_init_timeout",      graphql.connection_init_timeout,      ms(100)..=HOUR);
    check.size(  "graphql.limits.body_bytes",            limits.body_bytes,                    KIB..=GIB);
    check.number("graphql.limits.tokens",                limits.tokens,                        1..=MANY);
    check.number("graphql.limits.nodes",                 limits.nodes,                         1..=MANY);
    check.number("graphql.limits.depth",                 limits.depth,                         1..=1_000);
    check.number("graphql.limits.aliases",               limits.aliases,                       0..=MANY);
    check.number("graphql.limits.root_fields",           limits.root_fields,                   1..=MANY);
    check.number("graphql.limits.directives",            limits.directives,                    0..=MANY);
    check.number("graphql.limits.complexity",            limits.complexity,                    1..=MANY);
    check.time(  "telemetry.otlp.timeout",               telemetry.otlp.timeout,               ms(100)..=MINUTE);
    check.number("telemetry.otlp.sampling_ratio",        telemetry.otlp.sampling_ratio,        0.0..=1.0);
}

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

struct Check<'a> {
    sources: &'a mut Sources,
}

impl Check<'_> {
    fn number<T: PartialOrd + Display>(&mut self, key: &str, value: T, range: RangeInclusive<T>) {
        self.within(key, value, range, ToString::to_string);
    }

    fn size(&mut self, key: &str, value: usize, range: RangeInclusive<usize>) {
        self.within(key, value, range, |bytes| bytes::written(*bytes));
    }

    fn time(&mut self, key: &str, value: Duration, range: RangeInclusive<Duration>) {
        self.within(key, value, range, |time| humantime::format_duration(*time).to_string());
    }

    fn within<T: PartialOrd>(
        &mut self,
        key: &str,
        value: T,
        range: RangeInclusive<T>,
        show: fn(&T) -> String,
    ) {
        if !range.contains(&value) {
            let (least, most) = (show(range.start()), show(range.end()));
            let written = self.sources.written(key);
            self.sources.refuse(key, format!("must be between {least} and {most}, not {written}"));
        }
    }
}
