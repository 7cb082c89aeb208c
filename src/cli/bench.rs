//! `tasker bench`: what this build does on this machine. Figures of one run belong together.

mod api;
mod commit;
mod history;
mod list;
mod lone;
mod place;
mod service;
mod shape;
mod sustained;

use std::sync::Arc;

use clap::Args;

use self::{place::Place, service::Service, shape::Shape};
use crate::{
    config::Orchestration,
    data::Primary,
    metrics::Metrics,
    model::template::Templates,
    orchestration::{Clock, Engine, HttpClients, Parts, handler::Handlers},
    telemetry::Tracer,
};

/// What to measure.
#[derive(Debug, Clone, Args)]
pub(super) struct Bench {
    /// A PostgreSQL server to measure on as well, as a user who may create databases: postgres://USER@HOST/postgres
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// Leave SQLite out.
    #[arg(long)]
    skip_sqlite: bool,
    /// Only this shape.
    #[arg(long)]
    shape: Option<Shape>,
    /// Steps of each sustained measurement, about.
    #[arg(long, default_value_t = 100_000)]
    steps: usize,
    /// Tasks of the lone measurement.
    #[arg(long, default_value_t = 300)]
    lone: usize,
    /// Tasks in flight.
    #[arg(long, default_value_t = 500)]
    in_flight: usize,
    /// Unfinished tasks of the memory measurement.
    #[arg(long, default_value_t = 100_000)]
    unfinished: usize,
    /// Also measure with so many finished tasks in the database, such as 1000000: pages, figures, health, removal, and
    /// what they do to linear5
    #[arg(long, value_name = "TASKS")]
    history: Option<usize>,
    /// Only the measurement with a history
    #[arg(long, requires = "history")]
    history_only: bool,
    /// Only the engine, without a service of its own process.
    #[arg(long)]
    engine_only: bool,
    /// Only steps that are HTTP calls
    #[arg(long)]
    api_only: bool,
}

impl Bench {
    pub(super) async fn run(&self) -> anyhow::Result<()> {
        if !self.skip_sqlite {
            if let Some(tasks) = self.history {
                let (bare, full) = (Place::sqlite()?, Place::sqlite()?);
                let done = self.remember(&bare, &full, tasks).await;
                cleared(cleared(done, bare).await, full).await?;
            }
            if !self.history_only {
                let place = Place::sqlite()?;
                cleared(self.measure(&place).await, place).await?;
            }
            if !self.engine_only && !self.api_only && !self.history_only {
                let place = Place::sqlite()?.unlocked();
                cleared(self.serve(&place).await, place).await?;
                let place = Place::sqlite()?.unlocked();
                cleared(self.guard(&place).await, place).await?;
            }
        }
        if let Some(server) = &self.postgres {
            if let Some(tasks) = self.history {
                let (bare, full) = (Place::postgres(server).await?, Place::postgres(server).await?);
                let done = self.remember(&bare, &full, tasks).await;
                cleared(cleared(done, bare).await, full).await?;
            }
            if !self.history_only {
                let place = Place::postgres(server).await?;
                cleared(self.measure(&place).await, place).await?;
            }
            if !self.engine_only && !self.api_only && !self.history_only {
                let place = Place::postgres(server).await?;
                cleared(self.serve(&place).await, place).await?;
                let place = Place::postgres(server).await?;
                cleared(self.guard(&place).await, place).await?;
            }
        }
        Ok(())
    }

    /// The service in a process of its own.
    async fn serve(&self, place: &Place) -> anyhow::Result<()> {
        let commit = commit::measure(place).await?;
        let service = Service::start(place).await?;
        println!("  cold start to ready         {:>8.0} ms", service.cold_start.as_secs_f64() * 1000.0);
        print_memory("idle", &service);
        let (whole, created) = service.lone(self.lone).await?;
        println!(
            "  linear5 over HTTP           p50 {:>8.3} ms   p99 {:>8.3} ms   (2 ms + 7 commits = {:.3} ms)",
            whole.p50(),
            whole.p99(),
            2.0 + 7.0 * commit.p50()
        );
        println!(
            "  createTask over HTTP        p50 {:>8.3} ms   p99 {:>8.3} ms   (1 ms + 1 commit = {:.3} ms)",
            created.p50(),
            created.p99(),
            1.0 + commit.p50()
        );
        println!("  createTask, 64 connections  {:>8.0} a second", service.creations(64, 200).await?);
        service.leave_unfinished(self.unfinished).await?;
        print_memory(&format!("{} unfinished tasks", self.unfinished), &service);
        service.stop().await
    }

    /// What the gate costs.
    async fn guard(&self, place: &Place) -> anyhow::Result<()> {
        let list::Lists { gate, no_gate, bare } = list::measure(place).await?;
        println!(
            "  tasks(limit: 20), gate      {gate:>8.0} a second, {:.1} % of without",
            100.0 * gate / no_gate
        );
        println!("  tasks(limit: 20), no gate   {no_gate:>8.0} a second");
        println!(
            "  the same, a bare route      {bare:>8.0} a second; with the gate {:.0} % of it",
            100.0 * gate / bare
        );
        Ok(())
    }

    /// What a long history costs, beside the same work without one in `bare`.
    async fn remember(&self, bare: &Place, full: &Place, tasks: usize) -> anyhow::Result<()> {
        println!("{}, with {tasks} finished tasks", full.title());
        let database = full.open().await?;
        let took = history::fill(full, &database, tasks).await?;
        println!("  filled in                   {:>8.1} s", took.as_secs_f64());
        for pages in history::pages(&database).await? {
            println!("  page of 20, {pages}");
        }
        let empty = shapes(bare).await?;
        empty.keep_figures();
        let engine = shapes(full).await?;
        let began = std::time::Instant::now();
        engine.catch_up_figures().await?;
        println!("  figures caught up in        {:>8.1} s", began.elapsed().as_secs_f64());
        engine.keep_figures();
        let (figures, health) = history::questions(&engine).await?;
        println!(
            "  analytics of 24 h           p50 {:>8.2} ms   p99 {:>8.2} ms",
            figures.p50(),
            figures.p99()
        );
        println!("  health status               p50 {:>8.2} ms   p99 {:>8.2} ms", health.p50(), health.p99());
        // By turns, so that what the machine does meanwhile falls on both. The first turn warms up.
        for turn in 0..3 {
            for (engine, which) in [(&empty, "without"), (&engine, "with   ")] {
                let sustained =
                    sustained::measure(engine, Shape::Linear5.load(), self.steps, self.in_flight).await?;
                if turn > 0 {
                    println!("  linear5, {which} history     {sustained}");
                }
            }
        }
        engine.keep_retention(&history::paced());
        let sustained =
            sustained::measure(&engine, Shape::Linear5.load(), self.steps, self.in_flight).await?;
        println!("  linear5, while pruning      {sustained}");
        engine.stop(std::time::Duration::from_secs(5)).await;
        empty.stop(std::time::Duration::from_secs(5)).await;
        println!("  removed without a pause     {:>8.0} tasks a second", history::prune(&database).await?);
        Ok(())
    }

    async fn measure(&self, place: &Place) -> anyhow::Result<()> {
        println!("{}", place.title());
        if self.api_only {
            return self.call(place).await;
        }
        let commit = commit::measure(place).await?;
        println!("  one durable commit          p50 {:>8.3} ms   p99 {:>8.3} ms", commit.p50(), commit.p99());
        let engine = shapes(place).await?;
        for shape in self.shapes() {
            let lone = lone::measure(&engine, shape, self.lone).await?;
            println!(
                "  lone {:<12}           p50 {:>8.3} ms   p99 {:>8.3} ms{}",
                shape.name(),
                lone.p50(),
                lone.p99(),
                lone_bar(shape, commit.p50())
            );
        }
        for shape in self.shapes() {
            let sustained = sustained::measure(&engine, shape.load(), self.steps, self.in_flight).await?;
            println!("  sustained {:<12}      {sustained}", shape.name());
        }
        engine.stop(std::time::Duration::from_secs(5)).await;
        self.call(place).await
    }

    /// Steps that ask a server over HTTP.
    async fn call(&self, place: &Place) -> anyhow::Result<()> {
        let sustained = api::measure(place, self.steps.div_ceil(5), self.in_flight).await?;
        println!("  sustained api5           {sustained}   (2,000 steps/s)");
        Ok(())
    }

    fn shapes(&self) -> Vec<Shape> {
        match self.shape {
            Some(shape) => vec![shape],
            None => Shape::ALL.to_vec(),
        }
    }
}

/// Nothing is left behind, however it went; what went wrong first is told.
async fn cleared(measured: anyhow::Result<()>, place: Place) -> anyhow::Result<()> {
    let cleared = place.clear().await;
    measured.and(cleared)
}

/// What a shape alone must stay under, where that is promised.
fn lone_bar(shape: Shape, commit: f64) -> String {
    match shape {
        Shape::Linear5 => format!("   (2 ms + 7 commits = {:.3} ms)", 2.0 + 7.0 * commit),
        Shape::Fanout100 => "   (15 ms)".into(),
        Shape::Diamond => String::new(),
    }
}

fn print_memory(when: &str, service: &Service) {
    match service.memory() {
        Some(megabytes) => println!("  memory, {when:<27} {megabytes:>6.1} MB"),
        None => println!("  memory, {when:<27} not told by this system"),
    }
}

/// An engine that runs the shapes.
async fn shapes(place: &Place) -> anyhow::Result<Engine> {
    start(place, shape::templates()?, HttpClients::default()).await
}

async fn start(place: &Place, templates: Templates, http: HttpClients) -> anyhow::Result<Engine> {
    let database = place.open().await?;
    let parts = Parts {
        database,
        primary: Primary::lazy(&place.url(), 1, std::time::Duration::from_secs(10))?,
        templates,
        handlers: Handlers::new(),
        http,
        settings: Orchestration { max_tasks_in_memory: 2_000, ..Orchestration::default() },
        node: "bench".into(),
        variables: Arc::new(|_| None),
        metrics: Metrics::new(),
        tracer: Tracer::off(),
        clock: Clock::System,
    };
    Ok(Engine::start(parts).await?)
}

/// Latencies in milliseconds.
struct Latencies(Vec<f64>);

impl Latencies {
    fn of(mut millis: Vec<f64>) -> Self {
        millis.sort_unstable_by(f64::total_cmp);
        Self(millis)
    }

    fn p50(&self) -> f64 {
        self.at(0.50)
    }

    fn p99(&self) -> f64 {
        self.at(0.99)
    }

    fn at(&self, share: f64) -> f64 {
        let last = self.0.len().saturating_sub(1);
        self.0.get((last as f64 * share).round() as usize).copied().unwrap_or(f64::NAN)
    }
}
