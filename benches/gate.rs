//! What the gate adds to a request: `cargo bench --bench gate`. On a policy of 10,000 lines, everything before the
//! library's own validation: the text looked up or parsed, the limits, what the operation needs, and the decision.

use std::{fs, hint::black_box, sync::Arc, time::Duration};

use async_graphql::Variables;
use criterion::{Criterion, criterion_group, criterion_main};
use futures_util::FutureExt;
use tasker::{
    auth::{PolicyCoordinator, PolicyFiles, Subject, Warden},
    config::Introspection,
    data::Database,
    graphql::{
        RequestId,
        document::{Document, Limits, cache::Documents, check_complexity, variables},
        executor::{Admission, Admitted, Asked},
        gate::{Gate, Requirements},
        introspection::Views,
        outline::Outline,
        schema,
    },
    model::time::Timestamp,
    orchestration::{Clock, Refusals},
};
use tempfile::TempDir;

/// Everything a request passes on its way to the library.
struct Way {
    gate: Gate,
    outline: Outline,
    limits: Limits,
    documents: Documents,
    subject: Subject,
    request_id: RequestId,
    _folder: TempDir,
}

/// 10,000 lines over 100 namespaces, one role of which sees everything.
fn policy() -> String {
    let lines = (0..9_996).map(|no| format!("p, role:r{no}, n{}, tasker.task, index, allow\n", no % 100));
    let reader = ["task", "workflow_step", "event", "handler"]
        .map(|resource| format!("p, role:reader, *, tasker.{resource}, *, allow\n"));
    lines.chain(reader).collect()
}

impl Way {
    async fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        fs::write(path("policy.csv"), policy()).expect("written");
        let files = PolicyFiles { policy: path("policy.csv"), model: path("model.conf") };
        let coordinator = PolicyCoordinator::open(files).expect("a policy");
        let url = format!("sqlite://{}?mode=rwc", path("bench.db").display());
        let database = Database::open(&url, 1, Duration::from_secs(5)).await.expect("a database");
        let sdl = schema::sdl();
        let gate = Gate::new(
            Requirements::from_sdl(&sdl).expect("guarded"),
            Warden::new(Arc::new(coordinator), Arc::new(|| Timestamp(0))),
            database.clone(),
            Introspection::Permitted,
            Views::from_sdl(&sdl).expect("readable"),
            Refusals::new(database, Clock::System),
        );
        let limits = Limits::default();
        Self {
            gate,
            outline: Outline::from_sdl(&sdl).expect("readable"),
            documents: Documents::new(limits.clone(), 1_000),
            limits,
            subject: Subject::named("ada").with_roles(["reader", "r7"]),
            request_id: RequestId::new(),
            _folder: folder,
        }
    }

    /// Nothing on this way waits: queries need no database.
    fn decide(&self, document: &Document) -> Admitted {
        let variables = Variables::default();
        let operation = document.operation(None).expect("one");
        variables::check(operation, &variables).expect("none");
        check_complexity(operation, &variables, &self.outline, &self.limits).expect("within the limits");
        let asked = Asked {
            operation,
            variables: &variables,
            subject: &self.subject,
            request_id: &self.request_id,
            way: None,
        };
        self.gate.admit(asked).now_or_never().expect("nothing waits").expect("it is permitted")
    }
}

/// A page of tasks as a person's page shows it.
fn ordinary() -> String {
    let fields =
        "taskId name namespace version status reason tags initiator requestedAt startedAt completedAt";
    let text = format!(
        "query Page {{
            tasks(limit: 5, sortBy: REQUESTED_AT, filter: {{namespace: \"shop\", statuses: [IN_PROGRESS, ERROR]}}) {{
                {fields} priority context executionStatus recommendedAction healthStatus completionPercentage
                workflowSteps {{ ...Step parents {{ name status }} children {{ name status }} }}
            }}
            failed: tasksByStatus(status: ERROR, limit: 5, sortBy: UPDATED_AT) {{
                {fields} workflowSteps {{ name status attempts error {{ kind message code }} }}
            }}
            recent: events(first: 10) {{ nodes {{ name occurredAt payload }} pageInfo {{ endCursor hasNextPage }} }}
        }}
        fragment Step on WorkflowStep {{
            workflowStepId name handlerClass status attempts retryLimit inProcess processed lastAttemptedAt
            nextAttemptAt inputs results readiness {{ ready }} error {{ kind message }}
        }}"
    );
    let size = text.len();
    assert!((900..1_200).contains(&size), "{size} bytes");
    text
}

/// As much as the limits let in.
fn largest() -> String {
    let fields = "status ".repeat(4_900);
    format!("{{ tasks(limit: 1) {{ {fields} }} }}")
}

fn gate(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let way = runtime.block_on(Way::new());
    let _inside = runtime.enter();
    let mut group = criterion.benchmark_group("gate");
    for (name, text) in [("1 KB", ordinary()), ("the largest", largest())] {
        let limits = Limits { complexity: 1_000_000, ..Limits::default() };
        Document::parse(&text, &limits).expect(name);
        group.bench_function(format!("{name}, seen before"), |bench| {
            bench.iter(|| {
                let document = way.documents.get(black_box(&text)).expect("within the limits");
                way.decide(&document)
            });
        });
        group.bench_function(format!("{name}, seen first"), |bench| {
            bench.iter(|| way.decide(&Document::parse(black_box(&text), &way.limits).expect("sound")));
        });
    }
    group.finish();
}

criterion_group!(benches, gate);
criterion_main!(benches);
