//! How the service as a whole is doing, with reasons in words. Cheap, however much is stored: nothing is scanned.

use std::{sync::Arc, time::Duration};

use serde::Serialize;
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use super::Engine;
use crate::{
    data::{
        Error, Kind,
        health::{self, Connections, Counts, NodeState, Waiting},
        log,
    },
    model::time::Timestamp,
};

/// An answer is given again for so long.
const FRESH: Duration = Duration::from_secs(1);

/// A database that does not answer within this is down.
const PATIENCE: Duration = Duration::from_secs(5);

/// A commit that takes longer than this is slow.
const SLOW_COMMIT: Duration = Duration::from_millis(500);

/// Due work that has waited longer than this is a backlog.
const LATE: Duration = Duration::from_secs(60);

/// In a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Nothing is wrong.
    Healthy,
    /// It works, and something needs somebody's attention.
    Degraded,
    /// It does not do what it is there for.
    Unhealthy,
}

/// How the service is doing.
#[derive(Debug, Clone, Serialize)]
pub struct Health {
    /// In a word.
    pub status: Condition,
    /// Why it is not healthy, a sentence each; empty where it is.
    pub reasons: Vec<String>,
    /// When this was found out.
    #[serde(serialize_with = "health::moment")]
    pub at: Timestamp,
    /// The program's version.
    pub version: &'static str,
    /// The database.
    pub database: DatabaseHealth,
    /// The one writer of the node that answers.
    pub journal: JournalHealth,
    /// What there is; none while the database does not answer.
    pub work: Option<Work>,
    /// The nodes that run; empty while the database does not answer.
    pub nodes: Vec<NodeState>,
}

/// The database, as the node that answers sees it.
#[derive(Debug, Clone, Serialize)]
pub struct DatabaseHealth {
    /// `sqlite` or `postgres`.
    pub kind: &'static str,
    /// It answers.
    pub up: bool,
    /// Seconds that a small question took; none where it was not answered.
    pub latency: Option<f64>,
    /// Those for reading.
    pub connections: Connections,
}

/// The journal of the node that answers.
#[derive(Debug, Clone, Serialize)]
pub struct JournalHealth {
    /// Changes that wait to be committed.
    pub queue: usize,
    /// How many may.
    pub queue_limit: usize,
    /// Seconds since something was committed; none where nothing was yet.
    pub last_commit_age: Option<f64>,
    /// Seconds that 99 of 100 of the last commits took at most; none where there were none.
    pub commit_p99: Option<f64>,
}

/// Tasks and steps.
#[derive(Debug, Clone, Serialize)]
pub struct Work {
    /// How many there are, as far as the figures have come.
    pub counts: Counts,
    /// Steps that failed; none where more tasks are unfinished than are looked at for this.
    pub waiting: Option<Waiting>,
    /// Seconds that the task has been due that waits longest to be taken up; zero where none does.
    pub backlog_age: f64,
    /// Events that the figures do not have yet.
    pub figures_behind: i64,
}

type Last = Arc<Mutex<Option<(Instant, Arc<Health>)>>>;

/// Looks, and remembers for a moment what it saw. Cheap to clone.
#[derive(Clone)]
pub struct Doctor {
    engine: Engine,
    last: Last,
}

impl Doctor {
    /// Of this engine's service.
    pub fn new(engine: Engine) -> Self {
        Self { engine, last: Last::default() }
    }

    /// How the service is. All who ask at the same time are answered with one look.
    pub async fn look(&self) -> Arc<Health> {
        let mut last = self.last.lock().await;
        if let Some((at, health)) = &*last
            && at.elapsed() < FRESH
        {
            return health.clone();
        }
        let health = Arc::new(self.examine().await);
        *last = Some((Instant::now(), health.clone()));
        health
    }

    async fn examine(&self) -> Health {
        let engine = &self.engine;
        let database = engine.database();
        let answered = timeout(PATIENCE, self.ask()).await;
        let up = matches!(answered, Ok(Ok(_)));
        if let Ok(Err(error)) = &answered {
            tracing::warn!(
                error = error as &dyn std::error::Error,
                "the service's health could not be looked at"
            );
        }
        let (latency, work, nodes) = match answered {
            Ok(Ok((latency, work, nodes))) => (Some(latency.as_secs_f64()), Some(work), nodes),
            Ok(Err(_)) | Err(_) => (None, None, Vec::new()),
        };
        let kind = match database.kind() {
            Kind::Sqlite => "sqlite",
            Kind::Postgres => "postgres",
        };
        let statistics = engine.journal().statistics();
        let journal = JournalHealth {
            queue: engine.journal().waiting(),
            queue_limit: engine.settings().journal_queue,
            last_commit_age: statistics.last_flush_age().map(|age| age.as_secs_f64()),
            commit_p99: statistics.recent_p99().map(|took| took.as_secs_f64()),
        };
        let connections = health::connections(database);
        let mut health = Health {
            status: Condition::Healthy,
            reasons: Vec::new(),
            at: engine.clock().now(),
            version: env!("CARGO_PKG_VERSION"),
            database: DatabaseHealth { kind, up, latency, connections },
            journal,
            work,
            nodes,
        };
        self.judge(&mut health);
        health
    }

    async fn ask(&self) -> Result<(Duration, Work, Vec<NodeState>), Error> {
        let database = self.engine.database();
        let began = Instant::now();
        log::position(database).await?;
        let latency = began.elapsed();
        let (counts, figures_behind) = health::counts(database).await?;
        let now = self.engine.clock().now();
        let work = Work {
            waiting: health::waiting(database, &counts).await?,
            backlog_age: health::backlog_since(database, now)
                .await?
                .map_or(0.0, |at| now.since(at).as_secs_f64()),
            counts,
            figures_behind,
        };
        let nodes = health::nodes(database, self.engine.identity().id).await?;
        Ok((latency, work, nodes))
    }

    fn judge(&self, health: &mut Health) {
        let engine = &self.engine;
        let mut found: Vec<(Condition, String)> = Vec::new();
        if !health.database.up {
            found.push((
                Condition::Unhealthy,
                "the database does not answer: check that it runs and can be reached".into(),
            ));
        }
        if let Some(why) = engine.failure() {
            found.push((Condition::Unhealthy, format!("{why}: this node ends, and must be started again")));
        } else if engine.is_fenced() {
            found
                .push((Condition::Unhealthy, "this node has lost its lease and is getting a new one".into()));
        }
        if engine.stopping().is_cancelled() {
            found.push((Condition::Degraded, "this node is shutting down".into()));
        }
        let JournalHealth { queue, queue_limit, commit_p99, .. } = health.journal;
        if queue * 10 >= queue_limit * 9 {
            let text = format!(
                "{queue} changes wait to be committed, of at most {queue_limit}: new tasks are refused"
            );
            found.push((Condition::Degraded, text));
        }
        if let Some(took) = commit_p99.filter(|took| *took > SLOW_COMMIT.as_secs_f64()) {
            found.push((
                Condition::Degraded,
                format!("commits take up to {took:.1} s: the database's disk is slow or busy"),
            ));
        }
        let Connections { in_use, maximum } = health.database.connections;
        if in_use >= maximum {
            let text = format!(
                "all {maximum} connections for reading are in use: raise database.max_connections, or ask for less at once"
            );
            found.push((Condition::Degraded, text));
        }
        if let Some(work) = &health.work {
            if work.backlog_age > LATE.as_secs_f64() {
                let text = format!(
                    "a task has waited {:.0} s to be taken up: add nodes, or raise orchestration.max_tasks_in_memory",
                    work.backlog_age
                );
                found.push((Condition::Degraded, text));
            }
            let failed = work.waiting.map_or(0, |waiting| waiting.retryable + waiting.exhausted);
            if failed > 0 {
                let text = format!("{failed} steps rest in error: retry, resolve or cancel them");
                found.push((Condition::Degraded, text));
            }
        }
        health.status = found.iter().map(|(condition, _)| *condition).max().unwrap_or(Condition::Healthy);
        health.reasons = found.into_iter().map(|(_, reason)| reason).collect();
    }
}
