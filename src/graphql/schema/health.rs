//! How the service as a whole is doing, and the nodes that run it.

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};

use super::{authorize::authorize, caller::Needs, refusal::unread, scalar::DateTime, words::Status};
use crate::{
    auth::Permission,
    data::health,
    orchestration::{
        Engine,
        health::{Condition, Doctor, Health},
    },
};

/// How the service is doing, in a word.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Condition")]
pub enum ServiceCondition {
    /// Nothing is wrong.
    Healthy,
    /// It works, and something needs somebody's attention.
    Degraded,
    /// It does not do what it is there for.
    Unhealthy,
}

/// Queries of the service itself.
#[derive(Default)]
pub struct HealthQueries;

#[Object]
impl HealthQueries {
    /// How the service is doing: of all namespaces together, looked at no more than once a second.
    #[graphql(guard = "Needs(Permission::HealthStatusIndex)", directive = authorize::apply(Permission::HealthStatusIndex))]
    async fn health_status(&self, ctx: &Context<'_>) -> Result<ServiceHealth> {
        Ok(ServiceHealth::of(&*ctx.data::<Doctor>()?.look().await))
    }

    /// The nodes that run, in the order in which they started.
    #[graphql(guard = "Needs(Permission::NodeIndex)", directive = authorize::apply(Permission::NodeIndex))]
    async fn nodes(&self, ctx: &Context<'_>) -> Result<Vec<Node>> {
        let engine = ctx.data::<Engine>()?;
        let nodes = health::nodes(engine.database(), engine.identity().id).await.map_err(unread)?;
        Ok(nodes.iter().map(Node::of).collect())
    }
}

/// How the service is doing.
#[derive(SimpleObject)]
pub struct ServiceHealth {
    /// In a word.
    status: ServiceCondition,
    /// Why it is not healthy, a sentence each; empty where it is.
    reasons: Vec<String>,
    /// When this was found out.
    checked_at: DateTime,
    /// The version of the program that answers.
    version: String,
    /// The database.
    database: DatabaseHealth,
    /// The one writer of the node that answers.
    journal: JournalHealth,
    /// Tasks by status; empty while the database does not answer.
    tasks: Vec<StatusCount>,
    /// Steps by status, as of a few seconds ago; empty while the database does not answer.
    steps: Vec<StatusCount>,
    /// Steps that failed; null where more than 20,000 tasks are under way or in error, because it would have to be
    /// counted.
    retries: Option<RetryCounts>,
    /// Seconds that the task has been due that waits longest for a node to take it up; 0 where none does.
    backlog_age: Option<f64>,
    /// Events that `analytics` and the counts of steps do not have yet.
    events_behind: Option<i32>,
    /// How many nodes run.
    nodes: i32,
}

/// The database, as the node that answers sees it.
#[derive(SimpleObject)]
pub struct DatabaseHealth {
    /// `sqlite` or `postgres`.
    kind: String,
    /// Whether it answers.
    up: bool,
    /// Seconds that a small question took; null where it was not answered.
    latency: Option<f64>,
    /// Connections for reading that are in use.
    connections_in_use: i32,
    /// How many there may be.
    max_connections: i32,
}

/// The one writer of the node that answers.
#[derive(SimpleObject)]
pub struct JournalHealth {
    /// Changes that wait to be committed.
    queue: i32,
    /// How many may; beyond it new tasks are refused.
    queue_limit: i32,
    /// Seconds since something was committed; null where nothing was yet.
    last_commit_age: Option<f64>,
    /// Seconds that 99 of 100 of the last 1,000 commits took at most; null where there were none.
    commit_p99: Option<f64>,
}

/// How many are in a status.
#[derive(SimpleObject)]
pub struct StatusCount {
    /// The status.
    status: Status,
    /// How many.
    count: i32,
}

/// Steps that failed, of tasks that are not settled.
#[derive(SimpleObject)]
pub struct RetryCounts {
    /// Their next attempt is scheduled.
    waiting: i32,
    /// They rest in error although attempts would be left: the error was final.
    retryable: i32,
    /// They rest in error, and no attempt is left.
    exhausted: i32,
}

/// A running engine.
#[derive(SimpleObject)]
pub struct Node {
    /// Its id.
    node_id: ID,
    /// What it is called.
    name: String,
    /// The version of its program.
    program: String,
    /// When it started.
    started_at: DateTime,
    /// Until when its lease runs, which it renews; null where the database is a file that it has to itself.
    lease_until: Option<DateTime>,
    /// Tasks that it runs.
    tasks_owned: i32,
    /// Whether it is the one that answers.
    answers: bool,
}

impl ServiceHealth {
    fn of(health: &Health) -> Self {
        let Health { database, journal, work, .. } = health;
        let listed = |list: &std::collections::BTreeMap<crate::model::status::Status, i64>| {
            list.iter()
                .map(|(status, count)| StatusCount { status: (*status).into(), count: int(*count) })
                .collect()
        };
        let counts = work.as_ref().map(|work| &work.counts);
        Self {
            status: health.status.into(),
            reasons: health.reasons.clone(),
            checked_at: DateTime(health.at),
            version: health.version.to_owned(),
            database: DatabaseHealth {
                kind: database.kind.to_owned(),
                up: database.up,
                latency: database.latency,
                connections_in_use: int(database.connections.in_use.into()),
                max_connections: int(database.connections.maximum.into()),
            },
            journal: JournalHealth {
                queue: i32::try_from(journal.queue).unwrap_or(i32::MAX),
                queue_limit: i32::try_from(journal.queue_limit).unwrap_or(i32::MAX),
                last_commit_age: journal.last_commit_age,
                commit_p99: journal.commit_p99,
            },
            tasks: counts.map_or_else(Vec::new, |counts| listed(&counts.tasks)),
            steps: counts.map_or_else(Vec::new, |counts| listed(&counts.steps)),
            retries: work.as_ref().and_then(|work| work.waiting).map(|found| RetryCounts {
                waiting: int(found.waiting),
                retryable: int(found.retryable),
                exhausted: int(found.exhausted),
            }),
            backlog_age: work.as_ref().map(|work| work.backlog_age),
            events_behind: work.as_ref().map(|work| int(work.figures_behind)),
            nodes: i32::try_from(health.nodes.len()).unwrap_or(i32::MAX),
        }
    }
}

impl Node {
    fn of(node: &health::NodeState) -> Self {
        Self {
            node_id: node.id.to_string().into(),
            name: node.name.clone(),
            program: node.program.clone(),
            started_at: DateTime(node.started_at),
            lease_until: node.lease_until.map(DateTime),
            tasks_owned: int(node.tasks),
            answers: node.answers,
        }
    }
}

fn int(count: i64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
