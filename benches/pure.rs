//! What costs time without a database: `cargo bench`.

use std::{hint::black_box, time::Duration};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Value, json};
use tasker::{
    graphql::document::{Document, Limits as DocumentLimits},
    model::{
        event::EventTask,
        id::{StepNo, TaskId},
        outcome::Outcome,
        status::Status,
        step::Step,
        task::Task,
        template::{Limits, Template, Templates},
        time::Timestamp,
    },
};

const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

/// Steps in sequence.
fn chain(length: usize) -> Value {
    let step = |no: usize| match no {
        0 => json!({ "name": "s0", "handler_class": "tasker.noop" }),
        _ => {
            json!({ "name": format!("s{no}"), "handler_class": "tasker.noop", "depends_on_step": format!("s{}", no - 1) })
        }
    };
    json!({ "name": "chain", "step_templates": (0..length).map(step).collect::<Vec<_>>() })
}

/// One step, then `width` of them, then one.
fn fan_out(width: usize) -> Value {
    let middle = (0..width).map(|no| format!("m{no}")).collect::<Vec<_>>();
    let mut steps = vec![json!({ "name": "first", "handler_class": "tasker.noop" })];
    steps.extend(
        middle
            .iter()
            .map(|name| json!({ "name": name, "handler_class": "tasker.noop", "depends_on_step": "first" })),
    );
    steps.push(json!({ "name": "last", "handler_class": "tasker.noop", "depends_on_steps": middle }));
    json!({ "name": "fan_out", "step_templates": steps })
}

fn task(document: &Value) -> Task {
    let template = Template::from_document(document, &|_| None).expect("a template");
    let steps = (0..).map(StepNo).zip(&template.steps);
    Task {
        about: EventTask {
            id: TaskId::new(),
            namespace: "default".into(),
            name: template.name.as_str().into(),
        },
        status: Status::Pending,
        context: json!({}).into(),
        reason: None,
        tags: Vec::new(),
        request_id: None,
        trace: None,
        created_at: NOW,
        updated_at: NOW,
        started_at: None,
        completed_at: None,
        deadline_at: None,
        not_before: None,
        recoveries: 0,
        priority: 0,
        steps: steps.map(|(no, step)| Step::new(no, step.retry_limit, NOW)).collect(),
        template: template.into(),
    }
}

/// From its first step to its last, as its owner does it.
fn run(mut task: Task) -> Status {
    while !task.status.is_terminal() {
        let ready = task.startable(NOW);
        let mut edit = task.edit(NOW);
        ready.iter().for_each(|&no| edit.start(no));
        black_box(edit.finish());
        let mut edit = task.edit(NOW);
        for no in ready {
            edit.settle(no, Outcome::Completed { results: json!({ "n": no.0 }) }.into(), 0.0);
        }
        black_box(edit.finish());
    }
    task.status
}

fn tasks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("a task from start to end, no database");
    for (name, document, steps) in
        [("linear5", chain(5), 5), ("fanout100", fan_out(100), 102), ("chain1000", chain(1_000), 1_000)]
    {
        let fresh = task(&document);
        group.throughput(Throughput::Elements(steps));
        group.bench_function(name, |bench| bench.iter_batched(|| fresh.clone(), run, BatchSize::LargeInput));
    }
    group.finish();
}

fn templates(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("reading a template");
    let order = include_str!("../config/tasks/order_process.yaml").to_owned();
    // JSON is YAML.
    let large = chain(10_000).to_string();
    for (name, text) in [("order_process", order), ("10,000 steps", large)] {
        let files = [(format!("{name}.yaml"), text)];
        group.throughput(Throughput::Bytes(files[0].1.len() as u64));
        group.sample_size(10).bench_function(name, |bench| {
            bench.iter(|| Templates::read(&files, "development", &|_| None, Limits::default()));
        });
    }
    group.finish();
}

fn retries(criterion: &mut Criterion) {
    let template = Template::from_document(&chain(1), &|_| None).expect("a template");
    let backoff = &template.step(StepNo(0)).backoff;
    criterion.bench_function("the pause before a retry", |bench| {
        bench.iter(|| backoff.delay(black_box(7), Some(Duration::from_secs(3)), black_box(0.5)));
    });
}

fn documents(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("reading a GraphQL document, with its limits");
    let small =
        "query Q($id: ID!) { task(taskId: $id) { taskId status workflowSteps { name status attempts } } }";
    let fields = (0..90).map(|no| format!("a{no}: tasks(limit: 1) {{ taskId name status }}"));
    let large = format!("{{ {} }}", fields.collect::<Vec<_>>().join(" "));
    let fan = (0..30).map(|no| format!("fragment F{no} on Task {{ ...F{} ...F{} }}", no + 1, no + 1));
    let abuse =
        format!("{{ tasks {{ ...F0 }} }} {} fragment F30 on Task {{ taskId }}", fan.collect::<String>());
    let limits = DocumentLimits::default();
    for (name, text) in [("small", small.to_owned()), ("90 aliases", large), ("fragment fan-out", abuse)] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |bench| bench.iter(|| Document::parse(&text, &limits).is_ok()));
    }
    group.finish();
}

criterion_group!(benches, tasks, templates, retries, documents);
criterion_main!(benches);
