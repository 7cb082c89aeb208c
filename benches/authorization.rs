//! What deciding who may do what costs: `cargo bench --bench authorization`.

use std::{fs, hint::black_box};

use criterion::{Criterion, criterion_group, criterion_main};
use futures_util::FutureExt;
use tasker::auth::{AuthorizationCoordinator, Permission, Policy, PolicyCoordinator, PolicyFiles, Subject};
use tempfile::TempDir;

/// So many lines, half of them memberships of as many roles, over 100 namespaces.
fn large(lines: usize) -> String {
    let mut text = String::new();
    for no in 0..lines / 2 {
        let namespace = no % 100;
        text.push_str(&format!("p, role:r{no}, n{namespace}, tasker.task, *, allow\n"));
        text.push_str(&format!("g, user:u{no}, role:r{no}, *\n"));
    }
    text
}

fn open(text: &str) -> (TempDir, PolicyCoordinator) {
    let folder = TempDir::new().expect("a folder");
    let files =
        PolicyFiles { policy: folder.path().join("policy.csv"), model: folder.path().join("model.conf") };
    fs::write(&files.policy, text).expect("written");
    let coordinator = PolicyCoordinator::open(files).expect("a policy");
    (folder, coordinator)
}

fn policies() -> [(&'static str, String, Subject); 3] {
    let shipped = include_str!("../config/authorization/policy.csv").to_owned();
    let chain = (0..9_999).map(|no| format!("g, role:r{no}, role:r{}, *\n", no + 1)).collect::<String>();
    [
        ("shipped", shipped, Subject::named("ada").with_roles(["operator", "starter"])),
        ("10,000 lines", large(10_000), Subject::named("u7").with_roles(["r8", "r9"])),
        (
            "10,000 roles in a row",
            chain + "p, role:r9999, *, *, *, allow\n",
            Subject::named("ada").with_roles(["r0"]),
        ),
    ]
}

fn grants(criterion: &mut Criterion) {
    for (name, text, subject) in policies() {
        let mut group = criterion.benchmark_group(name);
        let policy = Policy::read("policy.csv", &text).expect("a policy");
        group.bench_function("first grants", |bench| bench.iter(|| policy.grants(black_box(&subject), 1)));
        let (_folder, coordinator) = open(&text);
        group.bench_function("cached grants", |bench| {
            bench.iter(|| coordinator.grants(black_box(&subject)).now_or_never().expect("nothing waits"));
        });
        let grants = policy.grants(&subject, 1);
        group.bench_function("one decision", |bench| {
            bench.iter(|| grants.of(black_box(Permission::TaskShow)).covers(black_box("n7"), false));
        });
        group.sample_size(10).bench_function("reading the policy", |bench| {
            bench.iter(|| Policy::read("policy.csv", black_box(&text)));
        });
        group.finish();
    }
}

criterion_group!(benches, grants);
criterion_main!(benches);
