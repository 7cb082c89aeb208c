//! What is looked up when somebody asks for the metrics.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use sea_orm::DatabaseConnection;
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use crate::{
    data::{Primary, waiting},
    metrics::{
        self, Metrics,
        labels::{ByPool, ByStatus, ByWait, Pool, Use, Wait},
    },
    model::status::Status,
    orchestration::Engine,
};

/// For this long the tasks are not counted again, whoever asks.
const FRESH: Duration = Duration::from_secs(5);

/// A database that does not answer within this is not waited for: the page has what it had.
const PATIENCE: Duration = Duration::from_secs(1);

/// An engine, and when its tasks were counted last.
#[derive(Clone)]
pub(super) struct Scraped {
    engine: Engine,
    /// The application's database, where it is another one.
    primary: Option<Primary>,
    counted: Arc<Mutex<Option<Instant>>>,
}

impl Scraped {
    pub(super) fn new(engine: &Engine, primary: Option<Primary>) -> Self {
        Self { engine: engine.clone(), primary, counted: Arc::default() }
    }

    async fn count_tasks(&self) {
        let mut counted = self.counted.lock().await;
        if counted.is_some_and(|at| at.elapsed() < FRESH) {
            return;
        }
        *counted = Some(Instant::now());
        self.look_at_primary().await;
        let metrics = self.engine.metrics();
        let Ok(Ok(unsettled)) = timeout(PATIENCE, waiting::count(self.engine.database())).await else {
            return;
        };
        for status in [Status::Pending, Status::InProgress, Status::Error] {
            let found = unsettled.by_status.iter().find(|(of, _)| *of == status);
            metrics
                .tasks_unsettled
                .get_or_create(&ByStatus { status })
                .set(found.map_or(0, |(_, count)| *count));
        }
        for (until, count) in [
            (Wait::Node, unsettled.for_a_node),
            (Wait::Moment, unsettled.for_a_moment),
            (Wait::Somebody, unsettled.for_somebody),
        ] {
            metrics.tasks_waiting.get_or_create(&ByWait { until }).set(count);
        }
    }

    /// Asked with the tasks, not with each scrape.
    async fn look_at_primary(&self) {
        if let Some(primary) = &self.primary {
            let up = primary.is_up(PATIENCE).await;
            self.engine.metrics().primary_database_up.set(i64::from(up));
        }
    }

    fn look(&self) {
        let (engine, metrics) = (&self.engine, self.engine.metrics());
        metrics.journal_queue.set(signed(engine.journal().waiting()));
        metrics.journal_queue_limit.set(signed(engine.settings().journal_queue));
        metrics.tasks_in_memory_limit.set(signed(engine.settings().max_tasks_in_memory));
        metrics.log_position.set(engine.log().position());
        metrics.log_follower_lag_batches.set(signed(engine.log().lag()));
        connections(metrics, Pool::Reader, &engine.database().reader);
        connections(metrics, Pool::Upkeep, &engine.database().upkeep);
        connections(metrics, Pool::Primary, engine.primary().connection());
    }
}

/// `GET /metrics`.
pub(super) async fn metrics(State(scraped): State<Scraped>) -> Response {
    scraped.count_tasks().await;
    scraped.look();
    ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], scraped.engine.metrics().encode()).into_response()
}

fn connections(metrics: &Metrics, pool: Pool, connection: &DatabaseConnection) {
    let (open, idle) = match connection.get_database_backend() {
        sea_orm::DatabaseBackend::Postgres => {
            let own = connection.get_postgres_connection_pool();
            (own.size() as usize, own.num_idle())
        }
        _ => {
            let own = connection.get_sqlite_connection_pool();
            (own.size() as usize, own.num_idle())
        }
    };
    let set =
        |state, count| metrics.database_connections.get_or_create(&ByPool { pool, state }).set(signed(count));
    set(Use::Idle, idle.min(open));
    set(Use::Busy, open.saturating_sub(idle));
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
