//! Workers that are killed while they work, as by `kill -9`, and what is left of their steps: nothing lost, nothing twice.

use std::{
    collections::HashMap,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use serde_json::json;
use tokio::process::{Child, Command};

use super::service::Service;

/// Workers at once.
const WORKERS: usize = 10;

/// What became of it.
pub(super) struct Killed {
    pub(super) kills: usize,
    pub(super) steps: usize,
    pub(super) attempts: i64,
    pub(super) took: Duration,
}

/// Kills a worker again and again while `steps` steps are made.
pub(super) async fn measure(service: &Service, steps: usize, kills: usize) -> anyhow::Result<Killed> {
    let cursor = service.ask("{ eventCursor }", json!({})).await?["eventCursor"].clone();
    service.leave_unfinished(steps).await?;
    let began = Instant::now();
    let mut workers = Vec::with_capacity(WORKERS);
    for _ in 0..WORKERS {
        workers.push(start(service)?);
    }
    let (mut killed, mut next) = (0, 0);
    loop {
        if killed < kills {
            let worker: &mut Child = &mut workers[next];
            worker.start_kill()?;
            worker.wait().await?;
            *worker = start(service)?;
            (killed, next) = (killed + 1, (next + 1) % WORKERS);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        if killed % 20 == 0
            && service
                .ask("{ tasks(limit: 1, filter: {statuses: [PENDING, IN_PROGRESS]}) { taskId } }", json!({}))
                .await?["tasks"]
                == json!([])
        {
            break;
        }
    }
    let took = began.elapsed();
    drop(workers);
    let attempts = audit(service, steps, cursor).await?;
    Ok(Killed { kills: killed, steps, attempts, took })
}

fn start(service: &Service) -> anyhow::Result<Child> {
    let mut worker = Command::new(std::env::current_exe()?);
    worker.args(["bench", "--worker-of", service.url()]).stdin(Stdio::null()).kill_on_drop(true);
    Ok(worker.spawn()?)
}

/// Every task is complete, and every step was committed once: answers with the number of attempts.
async fn audit(service: &Service, steps: usize, mut after: serde_json::Value) -> anyhow::Result<i64> {
    let mut attempts = 0;
    let mut committed: HashMap<String, usize> = HashMap::new();
    loop {
        let text = "query ($after: String) { events(first: 100, after: $after, filter: {names: [\"step.started\", \"step.completed\", \"task.completed\"]}) {
            nodes { name stepId } pageInfo { hasNextPage endCursor } } }";
        let page = service.ask(text, json!({ "after": after })).await?;
        let events = &page["events"];
        for event in events["nodes"].as_array().context("no events")? {
            match event["name"].as_str() {
                Some("step.started") => attempts += 1,
                Some("step.completed") => {
                    *committed.entry(event["stepId"].to_string()).or_default() += 1;
                }
                Some(_) | None => {}
            }
        }
        if events["pageInfo"]["hasNextPage"] != json!(true) {
            break;
        }
        after = events["pageInfo"]["endCursor"].clone();
    }
    let twice = committed.values().filter(|times| **times != 1).count();
    ensure!(twice == 0, "{twice} steps were committed more than once");
    ensure!(committed.len() == steps, "{} of {steps} steps were committed", committed.len());
    Ok(attempts)
}

/// A worker that claims, works a little and answers until it is killed.
pub(super) async fn work(url: &str) -> anyhow::Result<()> {
    let http = reqwest::Client::new();
    let ask = async |query: &str, input: serde_json::Value| -> anyhow::Result<serde_json::Value> {
        let body = json!({ "query": query, "variables": { "input": input } });
        let mut answer: serde_json::Value = http.post(url).json(&body).send().await?.json().await?;
        Ok(answer["data"].take())
    };
    loop {
        let claim = json!({ "workerId": std::process::id().to_string(), "handlerClasses": ["Nobody"], "limit": 5,
            "leaseSeconds": 2, "waitSeconds": 2 });
        let claimed =
            ask("mutation ($input: ClaimStepsInput!) { claimSteps(input: $input) { leaseToken } }", claim)
                .await?;
        for one in claimed["claimSteps"].as_array().into_iter().flatten() {
            tokio::time::sleep(Duration::from_millis(5)).await;
            let answer = json!({ "leaseToken": one["leaseToken"], "results": { "by": std::process::id() } });
            ask(
                "mutation ($input: CompleteStepInput!) { completeStep(input: $input) { workflowStepId } }",
                answer,
            )
            .await?;
        }
    }
}
