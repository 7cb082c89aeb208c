//! What a drawing costs: `cargo bench --bench diagram`. Five hundred steps are to take less than 200 ms.

use std::{hint::black_box, sync::Arc};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Value, json};
use tasker::model::{
    diagram::{Format, Picture},
    template::Template,
};

/// Steps of which each runs after the ones that `after` says.
fn template(count: usize, after: impl Fn(usize) -> Vec<usize>) -> Arc<Template> {
    let step = |no: usize| {
        let names: Vec<String> = after(no).into_iter().map(|no| format!("step_{no}")).collect();
        json!({ "name": format!("step_{no}"), "handler_class": "tasker.noop", "depends_on_steps": names })
    };
    let steps: Vec<Value> = (0..count).map(step).collect();
    let document = json!({ "name": "drawn", "step_templates": steps });
    Arc::new(Template::from_document(&document, &|_| None).expect("a template"))
}

fn deep(count: usize) -> Arc<Template> {
    template(count, |no| no.checked_sub(1).into_iter().collect())
}

/// One, then all others but the last, each with a neighbour of its own to run after, so that none are alike.
fn wide(count: usize) -> Arc<Template> {
    template(count, |no| match no {
        0 => vec![],
        last if last + 1 == count => (1..last).collect(),
        odd if odd % 2 == 1 => vec![0],
        even => vec![even - 1],
    })
}

/// One, then all others but the last, alike.
fn fan_out(count: usize) -> Arc<Template> {
    template(count, |no| match no {
        0 => vec![],
        last if last + 1 == count => (1..last).collect(),
        _ => vec![0],
    })
}

/// Up to three of the steps before, the same each time.
fn random(count: usize, reach: usize) -> Arc<Template> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let parents: Vec<Vec<usize>> = (0..count)
        .map(|no| {
            let mut own: Vec<usize> = (0..3)
                .filter_map(|_| {
                    state =
                        state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    no.checked_sub(1 + (state >> 33) as usize % reach)
                })
                .collect();
            own.sort_unstable();
            own.dedup();
            own
        })
        .collect();
    template(count, |no| parents[no].clone())
}

fn drawings(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("an SVG of a template");
    for (name, template) in [
        ("deep 500", deep(500)),
        ("wide 500", wide(500)),
        ("fan-out 500", fan_out(500)),
        ("random 500", random(500, 40)),
        ("deep 10,000", deep(10_000)),
        ("wide 10,000", wide(10_000)),
        ("random 10,000", random(10_000, 200)),
        ("random 10,000, far", random(10_000, 10_000)),
    ] {
        let picture = Picture::of_template(template.clone()).expect("it fits");
        println!("{name}: {} bytes", picture.write(Format::Svg, None).len());
        group.throughput(Throughput::Elements(template.steps.len() as u64));
        group
            .sample_size(10)
            .bench_function(name, |bench| bench.iter(|| black_box(&picture).write(Format::Svg, None)));
    }
    group.finish();
}

fn texts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("a text of a template");
    let picture = Picture::of_template(random(500, 40)).expect("it fits");
    for (name, format) in [("Mermaid", Format::Mermaid), ("JSON", Format::Json)] {
        group.bench_function(name, |bench| bench.iter(|| black_box(&picture).write(format, None)));
    }
    group.finish();
}

criterion_group!(benches, drawings, texts);
criterion_main!(benches);
