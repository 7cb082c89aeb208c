//! `tasker bench`: what this build does on this machine. Figures of one run belong together.

mod api;
mod commit;
mod history;
mod kills;
mod list;
mod lone;
mod pages;
mod place;
mod service;
mod shape;
mod sustained;
mod workers;

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
    /// Only remote workers.
    #[arg(long, conflicts_with = "engine_only")]
    workers_only: bool,
    /// Steps that workers make in batches; a tenth of it one by one.
    #[arg(long, default_value_t = 20_000)]
    worker_steps: usize,
    /// Also kill workers so often while they make half as many steps as in batches; ends with an error where one is lost
    /// or committed twice.
    #[arg(long, value_name = "TIMES")]
    worker_kills: Option<usize>,
    /// Be one of the workers that are killed.
    #[arg(long, hide = true, value_name = "URL")]
    worker_of: Option<String>,
    /// Workers that wait for nothing.
    #[arg(long, default_value_t = 1_000)]
    idle_workers: usize,
    /// Only steps that are HTTP calls
    #[arg(long)]
    api_only: bool,
}

impl Bench {
    pub(super) async fn run(&self) -> anyhow::Result<()> {
        if let Some(url) = &self.worker_of {
            return kills::work(url).await;
        }
        if self.workers_only {
            return self.workers().await;
        }
        if !self.skip_sqlite {
            if let Some(tasks) = self.history {
                let (bare, full) = (Place::sqlite()?, Place::sqlite()?.unlocked());
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
                let place = Place::sqlite()?.unlocked();
                cleared(self.work(&place).await, place).await?;
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
                let place = Place::postgres(server).await?;
                cleared(self.work(&place).await, place).await?;
            }
        }
        Ok(())
    }

    /// The service in a process of its own.
    async fn serve(&self, place: &Place) -> anyhow::Result<()> {
        let commit = commit::measure(place).await?;
        let service = Service::start(place).await?;
        say!("  cold start to ready         {:>8.0} ms", service.cold_start.as_secs_f64() * 1000.0);
        print_memory("idle", &service);
        let (whole, created) = service.lone(self.lone).await?;
        say!(
            "  linear5 over HTTP           p50 {:>8.3} ms   p99 {:>8.3} ms   (2 ms + 7 commits = {:.3} ms)",
            whole.p50(),
            whole.p99(),
            2.0 + 7.0 * commit.p50()
        );
        say!(
            "  createTask over HTTP        p50 {:>8.3} ms   p99 {:>8.3} ms   (1 ms + 1 commit = {:.3} ms)",
            created.p50(),
            created.p99(),
            1.0 + commit.p50()
        );
        say!("  createTask, 64 connections  {:>8.0} a second", service.creations(64, 200).await?);
        service.leave_unfinished(self.unfinished).await?;
        print_memory(&format!("{} unfinished tasks", self.unfinished), &service);
        service.stop().await
    }

    async fn workers(&self) -> anyhow::Result<()> {
        if !self.skip_sqlite {
            let place = Place::sqlite()?.unlocked();
            cleared(self.work(&place).await, place).await?;
        }
        if let Some(server) = &self.postgres {
            let place = Place::postgres(server).await?;
            cleared(self.work(&place).await, place).await?;
        }
        Ok(())
    }

    /// Remote workers of a service.
    async fn work(&self, place: &Place) -> anyhow::Result<()> {
        say!("{}", place.title());
        let service = Service::start(place).await?;
        say!("{}", workers::measure(&service, self.worker_steps, self.idle_workers).await?);
        if let Some(times) = self.worker_kills {
            service.stop().await?;
            let service = Service::start(place).await?;
            let killed = kills::measure(&service, self.worker_steps / 2, times).await?;
            say!(
                "  {} workers killed            {} steps in {} attempts, none lost and none twice, {:.1} s",
                killed.kills,
                killed.steps,
                killed.attempts,
                killed.took.as_secs_f64()
            );
            return service.stop().await;
        }
        service.stop().await
    }

    /// What the gate costs.
    async fn guard(&self, place: &Place) -> anyhow::Result<()> {
        let list::Lists { gate, no_gate, bare } = list::measure(place).await?;
        say!(
            "  tasks(limit: 20), gate      {gate:>8.0} a second, {:.1} % of without",
            100.0 * gate / no_gate
        );
        say!("  tasks(limit: 20), no gate   {no_gate:>8.0} a second");
        say!(
            "  the same, a bare route      {bare:>8.0} a second; with the gate {:.0} % of it",
            100.0 * gate / bare
        );
        Ok(())
    }

    /// What a long history costs, beside the same work without one in `bare`.
    async fn remember(&self, bare: &Place, full: &Place, tasks: usize) -> anyhow::Result<()> {
        say!("{}, with {tasks} finished tasks", full.title());
        let database = full.open().await?;
        let took = history::fill(full, &database, tasks).await?;
        say!("  filled in                   {:>8.1} s", took.as_secs_f64());
        for pages in history::pages(&database).await? {
            say!("  page of 20, {pages}");
        }
        let empty = shapes(bare).await?;
        empty.keep_figures();
        let engine = shapes(full).await?;
        let began = std::time::Instant::now();
        engine.catch_up_figures().await?;
        say!("  figures caught up in        {:>8.1} s", began.elapsed().as_secs_f64());
        engine.keep_figures();
        let (figures, health) = history::questions(&engine).await?;
        say!("  analytics of 24 h           p50 {:>8.2} ms   p99 {:>8.2} ms", figures.p50(), figures.p99());
        say!("  health status               p50 {:>8.2} ms   p99 {:>8.2} ms", health.p50(), health.p99());
        engine.stop(std::time::Duration::from_secs(5)).await;
        let service = Service::start(full).await?;
        for pages in pages::ask(&service).await? {
            say!("  page over HTTP, {pages}");
        }
        service.stop().await?;
        let engine = shapes(full).await?;
        engine.keep_figures();
        // By turns, so that what the machine does meanwhile falls on both. The first turn warms up.
        for turn in 0..3 {
            for (engine, which) in [(&empty, "without"), (&engine, "with   ")] {
                let lone = lone::measure(engine, Shape::Linear5, self.lone).await?;
                let sustained =
                    sustained::measure(engine, Shape::Linear5.load(), self.steps, self.in_flight).await?;
                if turn > 0 {
                    say!(
                        "  lone linear5, {which} history   p50 {:>8.3} ms   p99 {:>8.3} ms",
                        lone.p50(),
                        lone.p99()
                    );
                    say!("  linear5, {which} history     {sustained}");
                }
            }
        }
        engine.keep_retention(&history::paced());
        let sustained =
            sustained::measure(&engine, Shape::Linear5.load(), self.steps, self.in_flight).await?;
        say!("  linear5, while pruning      {sustained}");
        engine.stop(std::time::Duration::from_secs(5)).await;
        empty.stop(std::time::Duration::from_secs(5)).await;
        say!("  removed without a pause     {:>8.0} tasks a second", history::prune(&database).await?);
        Ok(())
    }

    async fn measure(&self, place: &Place) -> anyhow::Result<()> {
        say!("{}", place.title());
        if self.api_only {
            return self.call(place).await;
        }
        let commit = commit::measure(place).await?;
        say!("  one durable commit          p50 {:>8.3} ms   p99 {:>8.3} ms", commit.p50(), commit.p99());
        let engine = shapes(place).await?;
        for shape in self.shapes() {
            let lone = lone::measure(&engine, shape, self.lone).await?;
            say!(
                "  lone {:<12}           p50 {:>8.3} ms   p99 {:>8.3} ms{}",
                shape.name(),
                lone.p50(),
                lone.p99(),
                lone_bar(shape, commit.p50())
            );
        }
        for shape in self.shapes() {
            let sustained = sustained::measure(&engine, shape.load(), self.steps, self.in_flight).await?;
            say!("  sustained {:<12}      {sustained}", shape.name());
        }
        engine.stop(std::time::Duration::from_secs(5)).await;
        self.call(place).await
    }

    /// Steps that ask a server over HTTP.
    async fn call(&self, place: &Place) -> anyhow::Result<()> {
        let sustained = api::measure(place, self.steps.div_ceil(5), self.in_flight).await?;
        say!("  sustained api5           {sustained}   (2,000 steps/s)");
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
        Some(megabytes) => say!("  memory, {when:<27} {megabytes:>6.1} MB"),
        None => say!("  memory, {when:<27} not told by this system"),
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
