//! Traces of the program itself, as a collector receives them.

use std::time::Duration;

use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::{Value, json};

use super::{
    collector::{Collector, said},
    tree::below,
};
use crate::{
    crash::{
        home::Home,
        programs::Program,
        service::Service,
        shapes::{template, work},
    },
    place::Place,
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

const CREATE: &str = "mutation Order($input: CreateTaskInput!) { createTask(input: $input) { taskId } }";

on_both_databases! {
    a_task_is_a_part_of_its_callers_trace,
    attempts_on_another_node_are_a_part_of_the_same_trace,
    what_came_after_a_rest_in_error_has_a_span_of_its_own,
    what_the_caller_does_not_sample_is_not_sent,
    the_statements_of_an_operation_are_a_part_of_it,
}

fn home(place: Place, templates: &[Value], collector: &str) -> Home {
    Home::new(place, templates)
        .set("TELEMETRY__OTLP__ENABLED", "true")
        .set("TELEMETRY__OTLP__ENDPOINT", collector)
        .set("ORCHESTRATION__LEASE_TTL", "2s")
}

/// The same lines, however far they are indented here.
fn is(said: &str, expected: &str) {
    let expected: Vec<&str> = expected.lines().filter(|line| !line.trim().is_empty()).collect();
    let indent = expected.iter().map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    let expected: Vec<&str> = expected.iter().map(|line| &line[indent..]).collect();
    assert_eq!(said.lines().collect::<Vec<_>>(), expected, "{said}");
}

/// Asks as part of a trace.
async fn create(service: &Service, name: &str, flags: &str) -> String {
    let request = service.client.post(CREATE, json!({ "input": { "name": name } }));
    let parent = format!("00-{TRACE}-{CALLER}-{flags}");
    let request = request.header("traceparent", parent).header("tracestate", "congo=t61rcWkgMzE");
    let answer: Value = request.send().await.expect("an answer").json().await.expect("JSON");
    answer["data"]["createTask"]["taskId"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// Until the task is there.
async fn until(service: &Service, task: &str, status: &str) {
    let query = "query Watch($id: ID!) { task(taskId: $id) { status } }";
    let reached = async {
        while service.client.run(query, json!({ "id": task })).await["task"]["status"] != status {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(crate::app::PATIENCE, reached).await.expect("the task gets there");
}

fn order() -> Value {
    template(
        "order",
        &[
            json!({
                "name": "charge", "handler_class": "tasker.fail",
                "backoff": { "default_backoff_seconds": [0.05] },
                "handler_config": { "times": 1, "message": "no connection" },
            }),
            json!({
                "name": "nap", "handler_class": "tasker.sleep", "depends_on_step": "charge",
                "handler_config": { "seconds": 0.05 },
            }),
            json!({ "name": "ship", "handler_class": "tasker.noop", "depends_on_step": "nap" }),
        ],
    )
}

fn of_trace(spans: &[Span], trace: &str) -> Vec<Span> {
    spans.iter().filter(|span| hex::encode(&span.trace_id) == trace).cloned().collect()
}

fn find<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("there is no {name}"))
}

fn seconds(span: &Span) -> f64 {
    (span.end_time_unix_nano - span.start_time_unix_nano) as f64 / 1e9
}

async fn a_task_is_a_part_of_its_callers_trace(place: Place) {
    let collector = Collector::start().await;
    let home = home(place, &[order()], &collector.address)
        .set("TELEMETRY__OTLP__SERVICE_NAME", "shop")
        .set("TELEMETRY__OTLP__HEADERS", "x-collector=open sesame");
    let service = Service::start(&home, Program::Tasker).await;
    let task = create(&service, "order", "01").await;
    until(&service, &task, "COMPLETE").await;
    // What waits to be sent is sent at the end.
    assert!(service.stop().await.success());

    let spans = of_trace(&collector.spans(), TRACE);
    is(
        &below(&spans, &hex::decode(CALLER).expect("hex")),
        r#"
    POST /graphql: status 200
      mutation Order
        task order: complete
          step charge: attempt 1, failed, error retryable, "no connection"
          step charge: attempt 2, complete
          step nap: attempt 1, complete
          step ship: attempt 1, complete
        journal commit
    "#,
    );
    let of_task = find(&spans, "task order");
    assert_eq!(said(of_task, "tasker.task.id"), task);
    assert!(!said(of_task, "tasker.request_id").is_empty());
    let nap = find(&spans, "step nap");
    assert!(seconds(nap) >= 0.05 && seconds(of_task) >= 0.1, "{nap:?} {of_task:?}");
    for span in spans.iter().filter(|span| span.parent_span_id == of_task.span_id) {
        let begins = span.start_time_unix_nano >= of_task.start_time_unix_nano;
        assert!(begins && span.end_time_unix_nano >= span.start_time_unix_nano, "{span:?}");
    }
    assert!(spans.iter().all(|span| span.trace_state == "congo=t61rcWkgMzE"), "{spans:?}");
    let mut ids: Vec<_> = spans.iter().map(|span| &span.span_id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), spans.len(), "a span is sent once");
    assert!(collector.services().iter().all(|name| name == "shop"));
    assert!(collector.header("x-collector").iter().all(|value| value == "open sesame"));
    assert!(!collector.spans().iter().any(|span| span.name.contains("health")), "nobody looks for probes");
}

async fn attempts_on_another_node_are_a_part_of_the_same_trace(place: Place) {
    let collector = Collector::start().await;
    let slow = template("slow", &[work("dig", &[], 60_000)]);
    let home = home(place, &[slow], &collector.address);
    let service = Service::start(&home, Program::Drill).await;
    let task = create(&service, "slow", "01").await;
    let digging = async {
        while home.ledger().begins().count() == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(crate::app::PATIENCE, digging).await.expect("the handler is at work");
    // Its start is written as well.
    until(&service, &task, "IN_PROGRESS").await;
    service.kill().await;

    let service = Service::start(&home, Program::Drill).await;
    let cancel = "mutation Stop($id: ID!) { cancelTask(input: { taskId: $id }) { status } }";
    let again = async {
        while home.ledger().begins().count() < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(crate::app::PATIENCE, again).await.expect("the handler is at work again");
    service.client.run(cancel, json!({ "id": task })).await;
    until(&service, &task, "CANCELLED").await;
    assert!(service.stop().await.success());

    let spans = of_trace(&collector.spans(), TRACE);
    let of_task = find(&spans, "task slow");
    is(
        &below(&spans, &of_task.span_id),
        r"
    step dig: attempt 1, released, node_lost
    step dig: attempt 2, released, cancelled
    ",
    );
    assert_eq!(said(of_task, "tasker.task.status"), "cancelled");
}

async fn what_came_after_a_rest_in_error_has_a_span_of_its_own(place: Place) {
    let collector = Collector::start().await;
    let fail = json!({ "name": "charge", "handler_class": "tasker.fail", "default_retry_limit": 1,
        "handler_config": { "times": 1, "message": "card refused" } });
    let home = home(place, &[template("pay", &[fail])], &collector.address);
    let service = Service::start(&home, Program::Tasker).await;
    let task = create(&service, "pay", "01").await;
    until(&service, &task, "ERROR").await;
    let retry = "mutation Again($id: ID!) { retryTask(input: { taskId: $id }) { status } }";
    service.client.run(retry, json!({ "id": task })).await;
    until(&service, &task, "COMPLETE").await;
    assert!(service.stop().await.success());

    let spans = of_trace(&collector.spans(), TRACE);
    let request = find(&spans, "mutation Order");
    is(
        &below(&spans, &request.span_id),
        r#"
    task pay: failed, error, error retryable, "card refused"
      step charge: attempt 1, failed, error retryable, "card refused"
      task pay: complete, resumed true
      step charge: attempt 2, complete
    journal commit
    "#,
    );
}

async fn what_the_caller_does_not_sample_is_not_sent(place: Place) {
    let collector = Collector::start().await;
    let home = home(place, &[order()], &collector.address);
    let service = Service::start(&home, Program::Tasker).await;
    let task = create(&service, "order", "00").await;
    until(&service, &task, "COMPLETE").await;
    assert!(service.stop().await.success());
    // The questions about its status came without a trace: theirs are there.
    assert!(collector.spans().iter().any(|span| span.name == "query Watch"));
    assert!(of_trace(&collector.spans(), TRACE).is_empty());
    let database = home.database().await;
    let stored = uuid::Uuid::parse_str(&task).expect("an id");
    let rows =
        tasker::data::load::rows(&database, &[tasker::model::id::TaskId(stored)]).await.expect("readable");
    let parent = rows[0].0.traceparent.clone().expect("stored");
    assert!(parent.starts_with(&format!("00-{TRACE}-")) && parent.ends_with("-00"), "{parent}");
    assert_eq!(rows[0].0.tracestate.as_deref(), Some("congo=t61rcWkgMzE"));
}

/// Whichever way it came.
async fn the_statements_of_an_operation_are_a_part_of_it(place: Place) {
    let collector = Collector::start().await;
    let home = home(place, &[order()], &collector.address);
    let service = Service::start(&home, Program::Tasker).await;
    let task = create(&service, "order", "00").await;
    until(&service, &task, "COMPLETE").await;
    let list = "query List($tag: String!) { tasks(filter: { tags: [$tag] }) { workflowSteps { name } } taskConnection { totalCount } }";
    for accept in ["application/json", "text/event-stream"] {
        let request = service.client.post(list, json!({ "tag": "hunter2" })).header("accept", accept);
        let request = request.header("traceparent", format!("00-{TRACE}-{CALLER}-01"));
        let answer = request.send().await.expect("an answer").text().await.expect("text");
        assert!(answer.contains("totalCount"), "{answer}");
    }
    assert!(service.stop().await.success());

    let spans = of_trace(&collector.spans(), TRACE);
    is(
        &below(&spans, &hex::decode(CALLER).expect("hex")),
        r"
    POST /graphql: status 200
      query List
        sea_orm.query_all: SELECT
        sea_orm.query_all: SELECT
        sea_orm.query_one: SELECT
    POST /graphql: status 200
      query List
        sea_orm.query_all: SELECT
        sea_orm.query_all: SELECT
        sea_orm.query_one: SELECT
    ",
    );
    let statements: Vec<_> = spans.iter().filter(|span| span.name.starts_with("sea_orm.")).collect();
    for statement in statements {
        let text = said(statement, "db.statement");
        assert!(text.starts_with("SELECT") && !text.contains("hunter2"), "{text}");
    }
}

#[tokio::test]
async fn a_collector_that_is_down_breaks_nothing() {
    // Bound, and never answered.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", silent.local_addr().expect("bound"));
    drop(silent);
    let home = home(Place::sqlite(), &[order()], &address);
    let service = Service::start(&home, Program::Tasker).await;
    for _ in 0..5 {
        let task = create(&service, "order", "01").await;
        until(&service, &task, "COMPLETE").await;
    }
    let failed = async {
        loop {
            let page = service.client.get("/metrics").await.expect("answered").text().await.expect("text");
            let lost = page
                .lines()
                .find_map(|line| line.strip_prefix("tasker_trace_spans_total{outcome=\"failed\"} "));
            if lost.is_some_and(|count| count.parse::<u64>().expect("a number") > 0) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(crate::app::PATIENCE, failed).await.expect("what is lost is counted");
    let log = service.log_file();
    assert!(service.stop().await.success());
    let log = std::fs::read_to_string(log).expect("readable");
    assert_eq!(log.matches("the collector does not take traces").count(), 1, "{log}");
}
