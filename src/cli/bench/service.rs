//! The service as its users meet it: a process of its own, asked over HTTP.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use super::{Latencies, commit::in_millis, place::Place, shape::Shape};

/// A running `tasker serve` on a database of its own.
pub(super) struct Service {
    child: Child,
    url: String,
    http: reqwest::Client,
    token: Option<String>,
    /// From the start of the process until it was ready.
    pub(super) cold_start: Duration,
    _folder: Folder,
}

struct Folder(std::path::PathBuf);

impl Folder {
    fn new() -> anyhow::Result<Self> {
        let name = format!("tasker_bench_config_{}", uuid::Uuid::now_v7().simple());
        let folder = Self(std::env::temp_dir().join(name));
        std::fs::create_dir_all(folder.0.join("tasks"))?;
        Ok(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Service {
    /// Where nobody signs in.
    pub(super) async fn start(place: &Place) -> anyhow::Result<Self> {
        Self::with(place, Folder::new()?, None).await
    }

    /// With these settings and this policy, asked with a token that is in the database.
    pub(super) async fn guarded(
        place: &Place,
        settings: &Value,
        policy: &str,
        token: &str,
    ) -> anyhow::Result<Self> {
        let folder = Folder::new()?;
        std::fs::create_dir(folder.0.join("authorization"))?;
        std::fs::write(folder.0.join("authorization/policy.csv"), policy)?;
        // JSON is YAML.
        std::fs::write(folder.0.join("tasker.yaml"), settings.to_string())?;
        Self::with(place, folder, Some(token.to_owned())).await
    }

    async fn with(place: &Place, folder: Folder, token: Option<String>) -> anyhow::Result<Self> {
        for (name, document) in [("linear5", Shape::Linear5.document()), ("nobody", nobody())] {
            std::fs::write(folder.0.join(format!("tasks/{name}.yaml")), document.to_string())?;
        }
        let began = Instant::now();
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", "--listen", "127.0.0.1:0", "--database-url", &place.url(), "--config"])
            .arg(&folder.0)
            .env("RUST_LOG", "error")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut lines = BufReader::new(child.stdout.take().context("no output")?).lines();
        let url = loop {
            let line = lines.next_line().await?.context("the service did not start")?;
            if let Some((_, url)) = line.split_once("GraphQL") {
                break url.trim().to_owned();
            }
        };
        let http = reqwest::Client::new();
        let ready = url.replace("/graphql", "/health/ready");
        while !http.get(&ready).send().await.is_ok_and(|answer| answer.status().is_success()) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let cold_start = began.elapsed();
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { child, url, http, token, cold_start, _folder: folder })
    }

    /// Resident memory in megabytes, where the system tells.
    pub(super) fn memory(&self) -> Option<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()?)).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kilobytes| kilobytes / 1024.0)
    }

    /// Where it answers GraphQL.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// What its process has used of processors, where the system tells.
    pub(super) fn processor_time(&self) -> Option<Duration> {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()?)).ok()?;
        // After the name, which may hold anything: `utime` and `stime` are the 14th and 15th of all, in hundredths.
        let mut fields = text.rsplit_once(')')?.1.split_whitespace().skip(11);
        let mut ticks = || fields.next()?.parse::<u64>().ok();
        Some(Duration::from_millis((ticks()? + ticks()?) * 10))
    }

    /// One `linear5` at a time: from the mutation sent to the completion received over SSE; and the mutation alone.
    pub(super) async fn lone(&self, tasks: usize) -> anyhow::Result<(Latencies, Latencies)> {
        let watch = json!({ "query": "subscription { workflowEvents(filter: {names: [\"task.completed\"]}) { taskId } }" });
        let stream =
            self.http.post(&self.url).header("Accept", "text/event-stream").json(&watch).send().await?;
        let mut chunks = stream.bytes_stream();
        let (mut whole, mut created) = (Vec::new(), Vec::new());
        for n in 0..tasks + 10 {
            let began = Instant::now();
            let answer = self
                .ask(
                    "mutation ($input: CreateTaskInput!) { createTask(input: $input) { taskId } }",
                    input("linear5", n),
                )
                .await?;
            let answered = began.elapsed();
            let task = answer["createTask"]["taskId"].as_str().context("no task")?.to_owned();
            let mut seen = String::new();
            while !seen.contains(&task) {
                let chunk = chunks.next().await.context("the stream ended")??;
                seen.push_str(&String::from_utf8_lossy(&chunk));
            }
            if n >= 10 {
                whole.push(in_millis(began.elapsed()));
                created.push(in_millis(answered));
            }
        }
        Ok((Latencies::of(whole), Latencies::of(created)))
    }

    /// `createTask` from many connections at once: answers a second.
    pub(super) async fn creations(&self, connections: usize, each: usize) -> anyhow::Result<f64> {
        let began = Instant::now();
        let work = (0..connections).map(|_| async {
            for n in 0..each {
                self.ask(
                    "mutation ($input: CreateTaskInput!) { createTask(input: $input) { taskId } }",
                    input("nobody", n),
                )
                .await?;
            }
            anyhow::Ok(())
        });
        futures_util::future::try_join_all(work).await?;
        Ok((connections * each) as f64 / began.elapsed().as_secs_f64())
    }

    /// Tasks that nobody can run and that therefore stay.
    pub(super) async fn leave_unfinished(&self, tasks: usize) -> anyhow::Result<()> {
        for _ in 0..tasks.div_ceil(1_000) {
            let tasks: Vec<Value> = (0..1_000).map(|n| input("nobody", n)["input"].clone()).collect();
            self.ask(
                "mutation ($input: CreateTasksInput!) { createTasks(input: $input) { taskId } }",
                json!({ "input": { "tasks": tasks } }),
            )
            .await?;
        }
        // Until every one has been looked at and parked.
        let metrics = self.url.replace("/graphql", "/metrics");
        for _ in 0..600 {
            if self.token.is_some() {
                // Its role does not see what is counted.
                return Ok(());
            }
            let text = self.http.get(&metrics).send().await?.text().await?;
            if text.lines().any(|line| line == "tasker_tasks_in_memory 0") {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!("the tasks did not come to rest within a minute")
    }

    /// A new task of this template.
    pub(super) async fn create(&self, name: &str) -> anyhow::Result<String> {
        let text = "mutation ($input: CreateTaskInput!) { createTask(input: $input) { taskId } }";
        let answer = self.ask(text, input(name, 0)).await?;
        Ok(answer["createTask"]["taskId"].as_str().context("no task")?.to_owned())
    }

    pub(super) async fn ask(&self, query: &str, variables: Value) -> anyhow::Result<Value> {
        let body = json!({ "query": query, "variables": variables });
        loop {
            let mut request = self.http.post(&self.url).json(&body);
            if let Some(token) = &self.token {
                request = request.bearer_auth(token);
            }
            let mut answer: Value = request.send().await?.json().await?;
            match answer["errors"][0]["extensions"]["code"].as_str() {
                None => return Ok(answer["data"].take()),
                Some("OVERLOADED") => tokio::time::sleep(Duration::from_millis(50)).await,
                Some(_) => bail!("{}", answer["errors"][0]),
            }
        }
    }

    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        self.child.kill().await?;
        Ok(())
    }
}

fn input(name: &str, n: usize) -> Value {
    json!({ "input": { "name": name, "namespace": "bench", "context": { "n": n } } })
}

/// One step that waits for a worker.
fn nobody() -> Value {
    json!({ "name": "nobody", "namespace_name": "bench", "step_templates": [{ "name": "wait", "handler_class": "Nobody" }] })
}
