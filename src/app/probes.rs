//! `/health/live`, `/health/ready`, `/health/status` and `/metrics`: for those who watch the service.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::State,
    http::StatusCode,
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
    scrape::{self, Scraped},
};
use crate::{
    auth::Permission,
    data::{Primary, log},
    orchestration::{
        Engine,
        health::{Condition, Doctor},
    },
};

/// A database that does not answer within this is not ready.
const PATIENCE: Duration = Duration::from_secs(2);

/// For this long its answer is not asked for again.
const FRESH: Duration = Duration::from_millis(250);

/// The routes of those who watch.
pub(super) fn add(routes: &mut Routes, engine: &Engine, primary: Option<Primary>) -> Result<(), Error> {
    let live = get(|| async { Json(json!({ "status": "live" })) });
    routes.add("/health/live", Access::Public, live)?;
    let looked = Looked { engine: engine.clone(), primary: primary.clone(), last: Arc::default() };
    routes.add("/health/ready", Access::Public, get(ready).with_state(looked))?;
    let doctor = Doctor::new(engine.clone());
    routes.add("/health/status", Permission::HealthStatusIndex, get(status).with_state(doctor))?;
    routes.add(
        "/metrics",
        Permission::MetricsIndex,
        get(scrape::metrics).with_state(Scraped::new(engine, primary)),
    )
}

/// An engine, and whether the databases answered when they were asked last: anybody may ask as often as they like, and
/// a database is asked once for all of them.
#[derive(Clone)]
struct Looked {
    engine: Engine,
    /// The application's database, where it is another one.
    primary: Option<Primary>,
    last: Arc<Mutex<Option<(Instant, Up)>>>,
}

/// Which databases answered.
#[derive(Clone, Copy)]
struct Up {
    own: bool,
    primary: Option<bool>,
}

impl Looked {
    async fn look(&self) -> Up {
        let mut last = self.last.lock().await;
        if let Some((at, up)) = *last
            && at.elapsed() < FRESH
        {
            return up;
        }
        let own = async {
            let answers = timeout(PATIENCE, log::position(self.engine.database())).await;
            matches!(answers, Ok(Ok(_)))
        };
        let primary = async {
            match &self.primary {
                Some(primary) => Some(primary.is_up(PATIENCE).await),
                None => None,
            }
        };
        let (own, primary) = tokio::join!(own, primary);
        let up = Up { own, primary };
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
    let up = looked.look().await;
    engine.metrics().database_up.set(i64::from(up.own));
    if !up.own {
        reasons.insert("database".into(), json!("the database does not answer"));
    }
    let (code, status) = if reasons.is_empty() {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready")
    };
    let mut answer = json!({ "status": status, "reasons": Value::Object(reasons) });
    // What only handlers work with keeps nobody from asking for what is stored: it is said, and decides nothing.
    if let Some(primary) = up.primary {
        engine.metrics().primary_database_up.set(i64::from(primary));
        let word = |up| if up { "up" } else { "down" };
        answer["databases"] = json!({ "tasker": word(up.own), "primary": word(primary) });
    }
    (code, Json(answer)).into_response()
}

/// Everything there is to say, with 503 where the service does not do what it is there for.
async fn status(State(doctor): State<Doctor>) -> Response {
    let health = doctor.look().await;
    let code = match health.status {
        Condition::Healthy | Condition::Degraded => StatusCode::OK,
        Condition::Unhealthy => StatusCode::SERVICE_UNAVAILABLE,
    };
    (code, Json(&*health)).into_response()
}
