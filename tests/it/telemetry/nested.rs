//! What a handler's own code makes of traces.

use std::{
    process::Command,
    sync::{Arc, Mutex},
};

use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use tasker::{
    app::Tasker,
    auth::Subject,
    config::{Config, Overrides, Variables},
    data::log::{EventFilter, Follower},
    model::{event::EventName, trace::TraceContext},
    orchestration::{
        TaskRequest,
        handler::{Sequence, StepError, StepHandler, StepView, TaskView},
    },
    telemetry::Nested,
};
use tracing::Instrument;
use tracing_subscriber::{filter::LevelFilter, layer::SubscriberExt};

use super::{collector::Collector, tree::below};

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Asks the bank, and notes what it would send along.
#[derive(Clone, Default)]
struct Pay(Arc<Mutex<Vec<Option<String>>>>);

#[async_trait::async_trait]
impl StepHandler for Pay {
    async fn process(&self, task: &TaskView, _: &Sequence, step: &StepView) -> Result<Value, StepError> {
        self.0.lock().expect("one thread").push(step.traceparent());
        let bank = async {
            tokio::task::yield_now().await;
            tracing::info_span!("dns").in_scope(|| ());
        };
        bank.instrument(tracing::info_span!("ask bank")).await;
        let database = task.primary_database();
        let sql = Statement::from_string(database.get_database_backend(), "SELECT 1");
        database.query_one_raw(sql).await.map_err(|error| StepError::permanent(error.to_string()))?;
        // What is spawned has the same parents.
        let spawned = async { tokio::task::yield_now().await }.instrument(tracing::info_span!("note"));
        tokio::spawn(spawned).await.map_err(|error| StepError::permanent(error.to_string()))?;
        Ok(json!({}))
    }
}

/// Runs one task as a part of [`PARENT`]; what its handler was told.
async fn told(collector: Option<&Collector>) -> Vec<Option<String>> {
    // In both tests: a span that is first met on a thread without a subscriber may be off for all of them.
    let subscriber = tracing_subscriber::registry().with(LevelFilter::INFO).with(Nested::new());
    let _guard = tracing::subscriber::set_default(subscriber);
    let folder = tempfile::TempDir::new().expect("a folder");
    std::fs::create_dir_all(folder.path().join("tasks")).expect("a folder");
    let template = json!({ "name": "pay", "step_templates": [{ "name": "pay", "handler_class": "Pay" }] });
    std::fs::write(folder.path().join("tasks/pay.yaml"), template.to_string()).expect("a file");
    let mut config =
        Config::load(folder.path(), &Overrides::default(), &Variables::default()).expect("settings");
    let file = format!("sqlite://{}?mode=rwc", folder.path().join("tasker.db").display());
    config.database.primary.url = file.parse().expect("an address");
    if let Some(collector) = collector {
        config.telemetry.otlp.enabled = true;
        config.telemetry.otlp.endpoint = collector.address.clone();
    }
    let pay = Pay::default();
    let app = Tasker::builder().step_handler("Pay", pay.clone()).open(config, Variables::default());
    let app = app.await.expect("it starts");
    let trace = TraceContext::parse(PARENT, None);
    let request = TaskRequest { trace, ..TaskRequest::new("pay", json!({})) };
    let mut events = Follower::new(app.engine().log(), EventFilter::default(), None);
    let created = app.engine().create_task(&Subject::anonymous(), request).await.expect("created");
    let complete = async {
        loop {
            let event = events.next().await.expect("readable").event;
            if event.task.id.0 == created.task.id && event.name == EventName::TaskCompleted {
                break;
            }
        }
    };
    tokio::time::timeout(crate::app::PATIENCE, complete).await.expect("it completes");
    app.stop().await;
    pay.0.lock().expect("one thread").clone()
}

/// Each in a process of its own: `tracing` closes a span with the subscriber that the whole process has, where there is
/// one, and other tests have one.
#[test]
fn alone() {
    let program = std::env::current_exe().expect("the tests");
    for test in [
        "an_applications_own_spans_are_parts_of_the_attempt",
        "without_traces_a_callers_trace_is_handed_on_as_it_came",
    ] {
        let name = format!("telemetry::nested::{test}");
        let run = Command::new(&program).args(["--exact", &name, "--ignored"]).output().expect("it runs");
        let said = String::from_utf8_lossy(&run.stdout);
        assert!(
            run.status.success() && said.contains("1 passed"),
            "{said}{}",
            String::from_utf8_lossy(&run.stderr)
        );
    }
}

#[ignore = "run by `alone`"]
#[tokio::test]
async fn an_applications_own_spans_are_parts_of_the_attempt() {
    let collector = Collector::start().await;
    let told = told(Some(&collector)).await;
    let spans = collector.spans();
    insta::assert_snapshot!(below(&spans, &hex::decode("00f067aa0ba902b7").expect("hex")), @r"
    task pay: complete
      step pay: attempt 1, complete
        ask bank
          dns
        sea_orm.query_one: SELECT
        note
    journal commit
    ");
    let attempt = spans.iter().find(|span| span.name == "step pay").expect("the attempt");
    let own = format!("00-{}-{}-01", hex::encode(&attempt.trace_id), hex::encode(&attempt.span_id));
    assert_eq!(told, [Some(own)], "what it passes on names the attempt");
}

#[ignore = "run by `alone`"]
#[tokio::test]
async fn without_traces_a_callers_trace_is_handed_on_as_it_came() {
    assert_eq!(told(None).await, [Some(PARENT.to_owned())]);
}
