//! `/health/live`, `/health/ready` and `/metrics`: for those who watch the service.

use std::time::Duration;

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Map, Value, json};

use super::{
    Error,
    routes::{Access, Routes},
};
use crate::{auth::Permission, data::log, metrics, orchestration::Engine};

/// A database that does not answer within this is not ready.
const PATIENCE: Duration = Duration::from_secs(2);

/// The routes of those who watch.
pub(super) fn add(routes: &mut Routes, engine: &Engine) -> Result<(), Error> {
    let live = get(|| async { Json(json!({ "status": "live" })) });
    routes.add("/health/live", Access::Public, live)?;
    routes.add("/health/ready", Access::Public, get(ready).with_state(engine.clone()))?;
    routes.add("/metrics", Permission::MetricsIndex, get(metrics).with_state(engine.clone()))
}

/// 200 when this node should be sent work, else 503 with the reasons.
async fn ready(State(engine): State<Engine>) -> Response {
    let mut reasons = Map::new();
    if engine.stopping().is_cancelled() {
        reasons.insert("draining".into(), json!("the node is shutting down"));
    }
    if let Some(why) = engine.failure() {
        reasons.insert("failed".into(), json!(why));
    } else if engine.is_fenced() {
        reasons.insert("lease".into(), json!("the node has lost its lease and is getting a new one"));
    }
    let answers = tokio::time::timeout(PATIENCE, log::position(engine.database())).await;
    let up = matches!(answers, Ok(Ok(_)));
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
