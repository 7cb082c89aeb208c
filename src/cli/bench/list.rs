//! What the gate costs a request: the same list from the same service with authorization on and off, and from a bare
//! route that does the same query.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use axum::{Json, Router, extract::State, routing::get};
use serde_json::{Value, json};

use super::{place::Place, service::Service};
use crate::{
    auth::{Subject, Wanted},
    data::{
        Database,
        tasks::{self, Contents, Order, TaskFilter},
    },
    model::time::Timestamp,
    orchestration::{Clock, api_tokens},
};

const CONNECTIONS: usize = 32;

/// Each of them, by turns: what the machine does meanwhile falls on all.
const ROUNDS: usize = 5;

const EACH: Duration = Duration::from_secs(1);

const LIST: &str =
    "{ tasks(limit: 20) { taskId name namespace version status reason requestedAt completedAt } }";

/// Requests a second.
pub(super) struct Lists {
    pub(super) gate: f64,
    pub(super) no_gate: f64,
    pub(super) bare: f64,
}

/// A policy of 10,000 lines, of which the caller's role is one.
fn policy() -> String {
    let lines = (1..10_000).map(|no| format!("p, role:r{no}, n{}, tasker.task, index, allow\n", no % 100));
    lines.chain(["p, role:bench, *, tasker.task, *, allow\n".to_owned()]).collect()
}

/// The median of some rounds for each.
pub(super) async fn measure(place: &Place) -> anyhow::Result<Lists> {
    let database = place.open().await?;
    let wanted = Wanted { name: "bench".into(), roles: vec!["bench".into()], ..Wanted::default() };
    let issued = api_tokens::issue(&database, Subject::anonymous(), wanted, Clock::System.now()).await?;
    let token = issued.0.reveal().to_owned();
    let filled = Service::guarded(place, &settings(true), &policy(), &token).await?;
    filled.leave_unfinished(1_000).await?;
    filled.stop().await?;
    let (mut gate, mut no_gate, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        for (on, found) in [(true, &mut gate), (false, &mut no_gate)] {
            let service = Service::guarded(place, &settings(on), &policy(), &token).await?;
            found.push(a_second(async || service.ask(LIST, json!({})).await.map(drop)).await?);
            service.stop().await?;
        }
        bare.push(bare_route(&database).await?);
    }
    database.close().await;
    Ok(Lists { gate: median(gate), no_gate: median(no_gate), bare: median(bare) })
}

fn settings(gate: bool) -> Value {
    json!({
        "authentication": { "enabled": true, "authenticators": [{ "type": "api_token" }] },
        "authorization": { "enabled": gate },
    })
}

async fn bare_route(database: &Database) -> anyhow::Result<f64> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/tasks", listener.local_addr()?);
    let router = Router::new().route("/tasks", get(rows)).with_state(database.clone());
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    let http = reqwest::Client::new();
    let found = a_second(async || {
        http.get(&url).send().await?.json::<Value>().await?;
        Ok(())
    });
    let found = found.await;
    serving.abort();
    found
}

async fn rows(State(database): State<Database>) -> Json<Value> {
    let filter = TaskFilter::default();
    let found =
        tasks::list(&database, &filter, Order::NEWEST, 0, 20, Contents::default()).await.unwrap_or_default();
    let moment = |at: Option<i64>| at.map(|at| Timestamp(at).to_rfc3339());
    let row = |task: crate::data::entity::task::Model| {
        json!({
            "taskId": task.id, "name": task.name, "namespace": task.namespace, "version": task.version,
            "status": task.status.to_uppercase(), "reason": task.reason, "requestedAt": moment(Some(task.requested_at)),
            "completedAt": moment(task.completed_at),
        })
    };
    Json(json!({ "data": { "tasks": found.into_iter().map(row).collect::<Vec<_>>() } }))
}

/// How often it is done in a second, from many connections at once.
async fn a_second(work: impl AsyncFn() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    for _ in 0..20 {
        work().await?;
    }
    let done = AtomicU64::new(0);
    let began = Instant::now();
    let asking = (0..CONNECTIONS).map(|_| async {
        while began.elapsed() < EACH {
            work().await?;
            done.fetch_add(1, Ordering::Relaxed);
        }
        anyhow::Ok(())
    });
    futures_util::future::try_join_all(asking).await?;
    Ok(done.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64())
}

fn median(mut found: Vec<f64>) -> f64 {
    found.sort_unstable_by(f64::total_cmp);
    found.get(found.len() / 2).copied().unwrap_or(f64::NAN)
}
