//! A database with a long history: what pages, figures and health cost then, how fast it is removed, and whether what
//! runs is slowed down by it.

use std::{
    fmt,
    time::{Duration, Instant},
};

use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

use super::{Latencies, commit::in_millis, place::Place};
use crate::{
    config::{Keep, Retention},
    data::{
        Database, Kind,
        tasks::{self, Contents, Direction, Order, Range, SortBy, TaskFilter, Window},
    },
    metrics::Metrics,
    model::{status::Status, time::Timestamp},
    orchestration::{
        Clock, Engine, Pruner,
        analytics::{Analyst, Question},
        health::Doctor,
    },
};

/// Pages of each order, on the average at equal distances from the start.
const PAGES: u64 = 30;

/// What pages cost.
pub(super) struct Pages {
    pub(super) what: String,
    pub(super) millis: Latencies,
}

impl fmt::Display for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Latencies(all) = &self.millis;
        write!(
            f,
            "{:<42} p50 {:>8.2} ms   p95 {:>8.2} ms   max {:>8.2} ms",
            self.what,
            self.millis.p50(),
            self.millis.at(0.95),
            all.last().copied().unwrap_or(f64::NAN)
        )
    }
}

/// Fills the database with finished tasks of one step, spread over the last 23 hours: every namespace, template and
/// status, durations from 10 ms to minutes. Rows, events and positions are as the engine leaves them.
pub(super) async fn fill(place: &Place, database: &Database, tasks: usize) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let now = Clock::System.now().0;
    let (chunk, mut done) = (100_000, 0);
    while done < tasks {
        let count = chunk.min(tasks - done);
        run(&database.upkeep, &texts(database.kind(), done, count, tasks, now)).await?;
        done += count;
    }
    // A database that grew slowly has been looked at by its own housekeeping.
    if matches!(place, Place::Postgres { .. }) {
        database.upkeep.execute_unprepared("VACUUM ANALYZE").await?;
    }
    Ok(began.elapsed())
}

/// Pages all over each order, and with the usual filters.
pub(super) async fn pages(database: &Database) -> anyhow::Result<Vec<Pages>> {
    let mut all = Vec::new();
    for by in [
        SortBy::RequestedAt,
        SortBy::CreatedAt,
        SortBy::UpdatedAt,
        SortBy::CompletedAt,
        SortBy::Name,
        SortBy::Status,
        SortBy::Priority,
    ] {
        let mut millis = Vec::new();
        for direction in [Direction::Ascending, Direction::Descending] {
            millis.extend(walk(database, &TaskFilter::default(), Order { by, direction }).await?);
        }
        all.push(Pages { what: format!("by {by:?}"), millis: Latencies::of(millis) });
    }
    let hour_ago = Clock::System.now().0 - 3_600_000_000;
    let filters = [
        ("namespace", TaskFilter { namespace: Some("ns1".into()), ..TaskFilter::default() }),
        ("name", TaskFilter { name: Some("template_3".into()), ..TaskFilter::default() }),
        ("name, one of 20,000", TaskFilter { name: Some("rare".into()), ..TaskFilter::default() }),
        ("statuses: [IN_PROGRESS], none", of_status(Status::InProgress)),
        ("statuses: [COMPLETE]", of_status(Status::Complete)),
        ("statuses: [ERROR]", of_status(Status::Error)),
        ("statuses: [CANCELLED], one of 50", of_status(Status::Cancelled)),
        ("[RESOLVED_MANUALLY], one of 200", of_status(Status::ResolvedManually)),
        ("tags, one of 1000", TaskFilter { tags: vec!["rare".into()], ..TaskFilter::default() }),
        (
            "requestedAfter",
            TaskFilter { requested_after: Some(Timestamp(hour_ago)), ..TaskFilter::default() },
        ),
    ];
    for (what, filter) in filters {
        let millis = walk(database, &filter, Order::NEWEST).await?;
        all.push(Pages { what: format!("by RequestedAt, {what}"), millis: Latencies::of(millis) });
    }
    Ok(all)
}

fn of_status(status: Status) -> TaskFilter {
    TaskFilter { statuses: Some(vec![status]), ..TaskFilter::default() }
}

/// The first pages, and pages after places far apart.
async fn walk(database: &Database, filter: &TaskFilter, order: Order) -> anyhow::Result<Vec<f64>> {
    let page = async |range: &Range| {
        let began = Instant::now();
        let contents = Contents::default();
        let page = tasks::page(database, filter, order, range, Window::First(20), contents).await?;
        anyhow::Ok((in_millis(began.elapsed()), page))
    };
    let (mut millis, mut range) = (Vec::new(), Range::default());
    for no in 0..PAGES {
        let (took, found) = page(&range).await?;
        millis.push(took);
        let Some(last) = found.tasks.last() else { break };
        let mut place = order.place(last)?;
        if no % 3 == 2
            && let Some(far) = somewhere(database, no).await?
        {
            // Any task has a place in any order.
            place = order.place(&far)?;
        }
        range = Range { after: Some(place), before: None };
    }
    Ok(millis)
}

/// A task that is found by its id, a part of the way through the history.
async fn somewhere(database: &Database, no: u64) -> anyhow::Result<Option<crate::data::entity::task::Model>> {
    let first = Clock::System.now().0 - HISTORY;
    let millis = u64::try_from((first + HISTORY / PAGES as i64 * no as i64) / 1_000)?;
    let id = uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid();
    let place =
        tasks::Place { key: tasks::Key::Number((first + HISTORY / PAGES as i64 * no as i64).max(0)), id };
    let range = Range { after: Some(place), before: None };
    let order = Order { by: SortBy::RequestedAt, direction: Direction::Ascending };
    let filter = TaskFilter::default();
    let page = tasks::page(database, &filter, order, &range, Window::First(1), Contents::default()).await?;
    Ok(page.tasks.into_iter().next())
}

/// Milliseconds of `analytics` of 24 hours, of another question each time, and of `healthStatus`.
pub(super) async fn questions(engine: &Engine) -> anyhow::Result<(Latencies, Latencies)> {
    let (mut figures, mut health) = (Vec::new(), Vec::new());
    for limit in 1..=20 {
        let since = Timestamp(engine.clock().now().0 - 24 * 3_600_000_000);
        let began = Instant::now();
        Analyst::new(engine.clone()).answer(&Question { limit, ..Question::since(since) }).await?;
        figures.push(in_millis(began.elapsed()));
        let began = Instant::now();
        Doctor::new(engine.clone()).look().await;
        health.push(in_millis(began.elapsed()));
    }
    Ok((Latencies::of(figures), Latencies::of(health)))
}

/// What the service does by default, with something to do.
pub(super) fn paced() -> Retention {
    let kept = Duration::from_secs(22 * 3_600 + 1_800);
    Retention { complete: Keep(Some(kept)), interval: Duration::from_secs(1), ..Retention::default() }
}

/// Tasks a second that are removed when nothing holds it back, for a few seconds.
pub(super) async fn prune(database: &Database) -> anyhow::Result<f64> {
    let kept = Duration::from_secs(22 * 3_600);
    let settings =
        Retention { complete: Keep(Some(kept)), max_per_second: 1_000_000, ..Retention::default() };
    let mut pruner = Pruner::new(database.clone(), Clock::System, Metrics::new(), &settings);
    let began = Instant::now();
    let pruned = pruner.pass().await?;
    Ok(pruned.tasks as f64 / began.elapsed().as_secs_f64())
}

async fn run(connection: &DatabaseConnection, texts: &[String]) -> anyhow::Result<()> {
    use sea_orm::TransactionTrait;
    let transaction = connection.begin().await?;
    for text in texts {
        let statement = Statement::from_string(transaction.get_database_backend(), text.clone());
        transaction.execute_raw(statement).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// 23 hours.
pub(super) const HISTORY: i64 = 23 * 3_600_000_000;

/// Tasks `first..first + count` of `all`, with their steps and events.
fn texts(kind: Kind, first: usize, count: usize, all: usize, now: i64) -> Vec<String> {
    let (start, apart) = (now - HISTORY, HISTORY / i64::try_from(all).unwrap_or(i64::MAX).max(1));
    let last = first + count;
    type MakeId = fn(&str, char) -> String;
    let (numbers, hex, id, json): (String, &str, MakeId, &str) = match kind {
        Kind::Sqlite => (
            format!(
                "WITH RECURSIVE numbers(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {last})"
            ),
            "printf('%012x', at / 1000)",
            |ms: &str, mark: char| format!("unhex({ms} || printf('7%03x{mark}%015x', n % 4096, n))"),
            "",
        ),
        Kind::Postgres => (
            format!("WITH numbers(n) AS (SELECT generate_series({first}::bigint, {}))", last - 1),
            "lpad(to_hex(at / 1000), 12, '0')",
            |ms: &str, mark: char| {
                format!(
                    "({ms} || '7' || lpad(to_hex(n % 4096), 3, '0') || '{mark}' || lpad(to_hex(n), 15, '0'))::uuid"
                )
            },
            "::jsonb",
        ),
    };
    let (task, step) = (id(hex, '8'), id(hex, '9'));
    let rows = format!(
        "{numbers}, spread AS (SELECT n, {start} + n * {apart} AS at, (n * 2654435761 % 4294967296) / 4294967296.0 AS u,
            CASE WHEN n % 50 = 7 THEN 'cancelled' WHEN n % 50 = 13 THEN 'error'
                WHEN n % 200 = 3 THEN 'resolved_manually' ELSE 'complete' END AS status,
            'ns' || (n / 7 % 4) AS namespace,
            CASE WHEN n % 20000 = 11 THEN 'rare' ELSE 'template_' || (n % 10) END AS name FROM numbers),
        history AS (SELECT *, {task} AS id, {step} AS sid, at + CAST(10000 / (1.0001 - u) AS bigint) AS ended
            FROM spread)"
    );
    let seconds = "((ended - at) / 1000000.0)";
    let event = |place: u8, name: &str, at: &str, of_step: bool, from: &str, to: &str, details: &str| {
        let (sid, step, attempt) = if of_step { ("sid", "'only'", "1") } else { ("NULL", "NULL", "NULL") };
        format!(
            "{rows} INSERT INTO tasker_workflow_events (position, name, occurred_at, namespace, task_id, task_name,
                step_id, step_name, attempt, from_status, to_status, details)
            SELECT n * 4 + {place}, {name}, {at}, namespace, id, name, {sid}, {step}, {attempt}, {from}, {to},
                ({details}){json} FROM history"
        )
    };
    let ended = |step: bool| {
        let (what, complete) = if step { ("step", "completed") } else { ("task", "completed") };
        format!(
            "CASE status WHEN 'complete' THEN '{what}.{complete}' WHEN 'error' THEN '{what}.failed' \
             WHEN 'cancelled' THEN '{what}.cancelled' ELSE '{what}.resolved_manually' END"
        )
    };
    let done = format!("'{{\"execution_duration\":' || {seconds} || ',\"exception_class\":\"permanent\"}}'");
    vec![
        format!(
            "{rows} INSERT INTO tasker_tasks (id, digest, namespace, name, version, status, recoveries, priority, context,
                tags, bypass_steps, requested_at, created_at, started_at, completed_at, updated_at)
            SELECT id, 'history', namespace, name, '1.0.0', status, 0, n % 3, ('{{\"n\":' || n || '}}'){json},
                (CASE WHEN n % 1000 = 0 THEN '[\"rare\"]' ELSE '[]' END){json}, '[]'{json}, at, at, at,
                CASE WHEN status <> 'error' THEN ended END, ended FROM history"
        ),
        format!(
            "{rows} INSERT INTO tasker_workflow_steps (task_id, no, id, name, status, attempts, released, retry_limit,
                started_at, completed_at, updated_at, results)
            SELECT id, 0, sid, 'only', status, 1, 0, 3, at, ended, ended, '{{\"ok\":true}}'{json} FROM history"
        ),
        event(1, "'task.created'", "at", false, "NULL", "'pending'", "'{\"version\":\"1.0.0\",\"total_steps\":1}'"),
        event(2, "'step.started'", "at", true, "'pending'", "'in_progress'", "'{\"retry_limit\":3}'"),
        event(3, &ended(true), "ended", true, "'in_progress'", "status", &done),
        // It was pending until its step had started, in the same breath.
        event(4, &ended(false), "ended", false, "'pending'", "status", &done),
        format!("UPDATE tasker_log SET position = {} WHERE id = 1", last * 4),
    ]
}
