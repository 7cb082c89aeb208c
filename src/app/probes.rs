//! `/health/live`, `/health/ready` and `/metrics`: for those who watch the service.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Map, Value, json};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use super::{
    Error,
    routes::{Access, Routes},
};
use crate::{auth::Permission, data::log, metrics, orchestration::Engine};

/// A database that does not answer within this is not ready.
const PATIENCE: Duration = Duration::from_secs(2);

/// For this long its answer is not asked for again.
const FRESH: Duration = Duration::from_millis(250);

/// The routes of those who watch.
pub(super) fn add(routes: &mut Routes, engine: &Engine) -> Result<(), Error> {
    let live = get(|| async { Json(json!({ "status": "live" })) });
    routes.add("/health/live", Access::Public, live)?;
    let looked = Looked { engine: engine.clone(), last: Arc::default() };
    routes.add("/health/ready", Access::Public, get(ready).with_state(looked))?;
    routes.add("/metrics", Permission::MetricsIndex, get(metrics).with_state(engine.clone()))
}

/// An engine, and whether its database answered when it was asked last: anybody may ask as often as they like, and the
/// database is asked once for all of them.
#[derive(Clone)]
struct Looked {
    engine: Engine,
    last: Arc<Mutex<Option<(Instant, bool)>>>,
}

impl Looked {
    async fn is_up(&self) -> bool {
        let mut last = self.last.lock().await;
        if let Some((at, up)) = *last
            && at.elapsed() < FRESH
        {
            return up;
        }
        let answers = timeout(PATIENCE, log::position(self.engine.database())).await;
        let up = matches!(answers, Ok(Ok(_)));
        *last = Some((Instant::now(), up));
        up
    }
}

/// 200 when this node should be sent work, else 503 with the reasons.
async fn ready(State(looked): State<Looked>) -> Response {
    let engine = &looked.engine;
    let mut reasons = Map::new();
    if engine.stopping().is_cancelled() {
        reasons.insert("draining".into(), json!("the node is shutting down"));
    }
    if let Some(why) = engine.failure() {
        reasons.insert("failed".into(), json!(why));
    } else if engine.is_fenced() {
        reasons.insert("lease".into(), json!("the node has lost its lease and is getting a new one"));
    }
    let up = looked.is_up().await;
    engine.metrics().database_up.set(i64::from(up));
    if !up {
        reasons.insert("database".into(), json!("the database does not answer"));
    }
    let (code, status) = if reasons.is_empty() {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready")
    };
    (code, Json(json!({ "status": status, "reasons": Value::Object(reasons) }))).into_response()
}

async fn metrics(State(engine): State<Engine>) -> Response {
    let waiting = engine.journal().waiting();
    engine.metrics().journal_queue.set(i64::try_from(waiting).unwrap_or(i64::MAX));
    ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], engine.metrics().encode()).into_response()
}
