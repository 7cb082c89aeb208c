//! `/health/live`, `/health/ready` and `/metrics`: for those who watch the service.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Map, Value, json};

use crate::{
    auth::{Permission, Warden},
    data::log,
    graphql::{Authenticate, executor::admission::caller},
    metrics,
    orchestration::Engine,
};

/// A database that does not answer within this is not ready.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) fn router(engine: Engine) -> Router {
    Router::new()
        .route("/health/live", get(|| async { Json(json!({ "status": "live" })) }))
        .route("/health/ready", get(ready))
        .with_state(engine)
}

/// `/metrics`, for who may see them; everybody where nobody signs in.
pub(super) fn metrics_router(guard: Guarded) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(guard)
}

/// What is counted, and who may see it.
#[derive(Clone)]
pub(super) struct Guarded {
    pub(super) engine: Engine,
    pub(super) authenticate: Arc<dyn Authenticate>,
    pub(super) warden: Warden,
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

async fn metrics(State(guard): State<Guarded>, request: Request) -> Response {
    let Guarded { engine, authenticate, warden } = guard;
    let (parts, _) = request.into_parts();
    let subject = match authenticate.request(&parts).await {
        Ok(data) => caller(&data),
        Err(error) => return unauthorized(&*authenticate, error.message + "\n"),
    };
    let permitted = warden.grants(&subject).await.is_some_and(|grants| grants.any(Permission::MetricsIndex));
    if !permitted && subject.is_anonymous() {
        return unauthorized(&*authenticate, "Sign in for this.\n".to_owned());
    }
    if !permitted {
        return (StatusCode::FORBIDDEN, "You need tasker.metrics:index for this.\n").into_response();
    }
    let waiting = engine.journal().waiting();
    engine.metrics().journal_queue.set(i64::try_from(waiting).unwrap_or(i64::MAX));
    ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], engine.metrics().encode()).into_response()
}

fn unauthorized(authenticate: &dyn Authenticate, why: String) -> Response {
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, authenticate.challenge())], why).into_response()
}
