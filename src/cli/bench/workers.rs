//! Remote workers, as they meet the service: claims and answers over GraphQL, one by one, in batches, and long polls of
//! workers that have nothing to do.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context;
use futures_util::future::try_join_all;
use serde_json::{Value, json};

use super::{Latencies, commit::in_millis, service::Service};

const CLAIM: &str = "mutation ($input: ClaimStepsInput!) { claimSteps(input: $input) { leaseToken idempotencyKey name context inputs dependencyResults } }";
const CLAIM_TASK: &str =
    "mutation ($input: ClaimStepsInput!) { claimSteps(input: $input) { leaseToken taskId context } }";
const COMPLETE: &str =
    "mutation ($input: CompleteStepInput!) { completeStep(input: $input) { workflowStepId status } }";
const COMPLETE_ALL: &str =
    "mutation ($input: CompleteStepsInput!) { completeSteps(input: $input) { leaseToken accepted } }";

/// How long idle workers are looked at.
const IDLE: Duration = Duration::from_secs(10);

/// Tasks a second that come while workers wait.
const COMING: u64 = 100;

/// What workers measured.
pub(super) struct Workers {
    /// From the creation that was answered to the completion that was answered, by ten workers that wait.
    live: Latencies,
    /// From the claim that was sent to the completion that was answered, with ten workers.
    single: Latencies,
    /// Steps a second of these ten.
    single_rate: f64,
    /// Steps a second with claims and answers of a hundred.
    batch_rate: f64,
    idle: Option<Idle>,
}

/// What waiting workers cost.
struct Idle {
    workers: usize,
    /// Of one core.
    percent: f64,
    megabytes: f64,
}

/// Measures all of it on a service of its own.
pub(super) async fn measure(service: &Service, steps: usize, idle: usize) -> anyhow::Result<Workers> {
    let live = live(service, (steps / 40).max(50)).await?;
    let singles = (steps / 10).max(100);
    service.leave_unfinished(singles).await?;
    let began = Instant::now();
    let work = (0..10).map(|n| single(service, n));
    let latencies: Vec<f64> = try_join_all(work).await?.into_iter().flatten().collect();
    let single_rate = latencies.len() as f64 / began.elapsed().as_secs_f64();
    service.leave_unfinished(steps).await?;
    let began = Instant::now();
    let done: usize = try_join_all((0..4).map(|n| batches(service, n))).await?.into_iter().sum();
    let batch_rate = done as f64 / began.elapsed().as_secs_f64();
    let idle = wait_idle(service, idle).await?;
    Ok(Workers { live: Latencies::of(live), single: Latencies::of(latencies), single_rate, batch_rate, idle })
}

/// Tasks that come one by one while ten workers wait: how long each took.
async fn live(service: &Service, tasks: usize) -> anyhow::Result<Vec<f64>> {
    let done = Arc::new(AtomicUsize::new(0));
    let begun: Arc<Mutex<HashMap<String, Instant>>> = Arc::default();
    let worker = async |worker: usize| {
        let mut took = Vec::new();
        while done.load(Ordering::Acquire) < tasks {
            let input = json!({
                "workerId": format!("bench-{worker}"), "handlerClasses": ["Nobody"], "waitSeconds": 1,
            });
            let answer = service.ask(CLAIM_TASK, json!({ "input": input })).await?;
            for one in answer["claimSteps"].as_array().into_iter().flatten() {
                let input = json!({ "leaseToken": one["leaseToken"], "results": { "ok": true } });
                service.ask(COMPLETE, json!({ "input": input })).await?;
                let task = one["taskId"].as_str().context("a task")?;
                let began = begun.lock().unwrap_or_else(PoisonError::into_inner).remove(task);
                // One that was done before its creation was answered took no time.
                took.push(began.map_or(0.0, |began| in_millis(began.elapsed())));
                done.fetch_add(1, Ordering::AcqRel);
            }
        }
        anyhow::Ok(took)
    };
    let create = async {
        let mut turns = tokio::time::interval(Duration::from_micros(1_000_000 / COMING));
        for _ in 0..tasks {
            turns.tick().await;
            let task = service.create("nobody").await?;
            begun.lock().unwrap_or_else(PoisonError::into_inner).insert(task, Instant::now());
        }
        anyhow::Ok(())
    };
    let (created, took) = tokio::join!(create, try_join_all((0..10).map(worker)));
    created?;
    Ok(took?.into_iter().flatten().collect())
}

/// One after the other until nothing is left: how long each took.
async fn single(service: &Service, worker: usize) -> anyhow::Result<Vec<f64>> {
    let mut took = Vec::new();
    loop {
        let began = Instant::now();
        let claimed = claim(service, worker, 1, 0).await?;
        let Some(token) = claimed.first() else { return Ok(took) };
        service.ask(COMPLETE, json!({ "input": { "leaseToken": token, "results": { "ok": true } } })).await?;
        took.push(in_millis(began.elapsed()));
    }
}

/// A hundred at a time until nothing is left: how many.
async fn batches(service: &Service, worker: usize) -> anyhow::Result<usize> {
    let mut done = 0;
    loop {
        let claimed = claim(service, worker, 100, 0).await?;
        if claimed.is_empty() {
            return Ok(done);
        }
        let completions: Vec<Value> =
            claimed.iter().map(|token| json!({ "leaseToken": token, "results": { "ok": true } })).collect();
        let answer = service.ask(COMPLETE_ALL, json!({ "input": { "completions": completions } })).await?;
        let answers = answer["completeSteps"].as_array().context("no answers")?;
        anyhow::ensure!(answers.iter().all(|answer| answer["accepted"] == true), "an answer was not taken");
        done += claimed.len();
    }
}

async fn claim(service: &Service, worker: usize, limit: usize, wait: u64) -> anyhow::Result<Vec<String>> {
    let input = json!({
        "workerId": format!("bench-{worker}"), "handlerClasses": ["Nobody"], "limit": limit, "waitSeconds": wait,
    });
    let answer = service.ask(CLAIM, json!({ "input": input })).await?;
    let claimed = answer["claimSteps"].as_array().context("no list")?;
    Ok(claimed.iter().filter_map(|one| one["leaseToken"].as_str().map(ToOwned::to_owned)).collect())
}

/// Workers that wait, each on a connection of its own.
async fn wait_idle(service: &Service, workers: usize) -> anyhow::Result<Option<Idle>> {
    let (Some(memory), Some(_)) = (service.memory(), service.processor_time()) else { return Ok(None) };
    let body = json!({ "query": CLAIM, "variables": { "input": {
        "workerId": "idle", "handlerClasses": ["NothingToDo"], "waitSeconds": 60,
    } } });
    let body = Arc::new(body);
    let waiting: Vec<_> = (0..workers)
        .map(|_| {
            let request = reqwest::Client::new().post(service.url()).json(&*body);
            tokio::spawn(async move { drop(request.send().await) })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(5)).await;
    let began = Instant::now();
    let before = service.processor_time();
    tokio::time::sleep(IDLE).await;
    let used = service.processor_time().zip(before).map(|(after, before)| after.saturating_sub(before));
    let seconds = began.elapsed().as_secs_f64();
    let all_wait = waiting.iter().all(|one| !one.is_finished());
    waiting.iter().for_each(|one| one.abort());
    anyhow::ensure!(all_wait, "a worker that had nothing to do was answered");
    Ok(used.zip(service.memory()).map(|(used, after)| Idle {
        workers,
        percent: 100.0 * used.as_secs_f64() / seconds,
        megabytes: after - memory,
    }))
}

impl fmt::Display for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { live, single, single_rate, batch_rate, idle } = self;
        writeln!(
            f,
            "  created to completed        p50 {:>8.3} ms   p99 {:>8.3} ms   (10 workers that wait, {COMING} tasks/s; 10 ms, 50 ms)",
            live.p50(),
            live.p99()
        )?;
        writeln!(
            f,
            "  claim to completion         p50 {:>8.3} ms   p99 {:>8.3} ms   (10 workers at their limit, {single_rate:.0} steps/s)",
            single.p50(),
            single.p99()
        )?;
        write!(f, "  workers, batches of 100     {batch_rate:>8.0} steps/s   (3000)")?;
        if let Some(Idle { workers, percent, megabytes }) = idle {
            write!(
                f,
                "\n  {workers} waiting workers        {percent:>8.2} % of a core, {megabytes:.1} MB   (1 %, 100 MB)"
            )?;
        }
        Ok(())
    }
}
