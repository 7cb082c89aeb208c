use std::sync::atomic::Ordering;
use std::time::Duration;

use async_graphql::{Executor, Request, ServerError, Value};
use async_trait::async_trait;
use futures_util::StreamExt;

use super::{Admission, Admitted, Asked, Open};
use crate::graphql::fixture::{self, Fixture, Submitted};
use crate::graphql::{Code, GraphqlSettings, Pipeline};

/// Permits whatever doesn't select `submit`.
struct NoSubmit;

#[async_trait]
impl Admission for NoSubmit {
    async fn admit(&self, asked: Asked<'_>) -> Result<Admitted, Vec<ServerError>> {
        match asked.operation.roots().iter().any(|field| field.node.name.node == "submit") {
            true => Err(vec![Code::Forbidden.refuse("not permitted")]),
            false => Open.admit(asked).await,
        }
    }
}

fn pipeline() -> (Pipeline<Fixture>, Submitted) {
    let (transport, submitted) = fixture::transport(GraphqlSettings::default());
    (transport.pipeline, submitted)
}

#[tokio::test]
async fn what_is_not_admitted_runs_on_no_way_to_the_schema() {
    let (pipeline, submitted) = pipeline();
    let pipeline = pipeline.with_admission(NoSubmit);
    for text in [
        "mutation { submit(name: \"x\") }",
        "mutation { x: submit(name: \"x\") @skip(if: true) }",
        "mutation { ...F } fragment F on Mutation { ... { submit(name: \"x\") } }",
        "query Q { hello } mutation M { submit(name: \"x\") }",
    ] {
        let request = || match text.contains("query Q") {
            true => Request::new(text).operation_name("M"),
            false => Request::new(text),
        };
        let once = Executor::execute(&pipeline, request()).await;
        let stream: Vec<_> = pipeline.execute_stream(request(), None).collect().await;
        for response in std::iter::once(&once).chain(&stream) {
            assert_eq!(Code::of(&response.errors[0]), Some(Code::Forbidden), "{text}");
            assert_eq!(response.data, Value::Null);
        }
    }
    let permitted = Request::new("query Q { hello } mutation M { submit(name: \"x\") }").operation_name("Q");
    assert!(Executor::execute(&pipeline, permitted).await.is_ok());
    assert_eq!(submitted.0.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn the_standard_introspection_query_is_answered() {
    let (pipeline, _) = pipeline();
    let response =
        Executor::execute(&pipeline, Request::new(include_str!("../document/introspection.graphql"))).await;
    assert!(response.is_ok(), "{:?}", response.errors);
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_may_take_longer() {
    let (pipeline, _) = pipeline();
    for (pipeline, seconds) in [(pipeline.clone(), 30), (pipeline.with_long_polls(["never"]), 90)] {
        let began = tokio::time::Instant::now();
        let response = Executor::execute(&pipeline, Request::new("{ never }")).await;
        assert_eq!(Code::of(&response.errors[0]), Some(Code::Timeout));
        assert_eq!(began.elapsed().as_secs(), seconds);
    }
}

#[tokio::test]
async fn a_mutation_is_finished_for_a_caller_who_left() {
    let (pipeline, submitted) = pipeline();
    let running = Executor::execute(&pipeline, Request::new("mutation { submitSlowly }"));
    assert!(tokio::time::timeout(Duration::from_millis(1), running).await.is_err());
    while submitted.0.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn operations_are_counted_by_kind_and_code_on_every_way() {
    let (pipeline, _) = pipeline();
    let metrics = crate::metrics::Metrics::new();
    let pipeline = pipeline.with_admission(NoSubmit).with_metrics(metrics.clone());
    for text in [
        "{ hello }",
        "{ overloaded }",
        "{ nothing }",
        "mutation { submit(name: \"x\") }",
        "subscription { ticks(n: 2) }",
        "{",
    ] {
        let once = Executor::execute(&pipeline, Request::new(text)).await;
        let stream: Vec<_> = pipeline.execute_stream(Request::new(text), None).collect().await;
        assert!(!stream.is_empty(), "{text}: {once:?}");
    }
    let page = metrics.encode();
    let mut counted: Vec<&str> =
        page.lines().filter_map(|line| line.strip_prefix("tasker_graphql_requests_total")).collect();
    counted.sort_unstable();
    assert_eq!(
        counted,
        [
            r#"{kind="mutation",code="FORBIDDEN"} 2"#,
            r#"{kind="query",code="GRAPHQL_VALIDATION_FAILED"} 2"#,
            r#"{kind="query",code="OK"} 2"#,
            r#"{kind="query",code="OVERLOADED"} 2"#,
            // Not on a way that can't carry one.
            r#"{kind="subscription",code="BAD_USER_INPUT"} 1"#,
            r#"{kind="subscription",code="OK"} 1"#,
            r#"{kind="unknown",code="GRAPHQL_PARSE_FAILED"} 2"#,
        ]
    );
    assert!(page.contains("tasker_graphql_request_seconds_count 8"), "{page}");
    assert!(page.contains("tasker_subscriptions 0"), "{page}");
}

/// Never decides.
struct Undecided;

#[async_trait]
impl Admission for Undecided {
    async fn admit(&self, _: Asked<'_>) -> Result<Admitted, Vec<ServerError>> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_decided_in_time_does_not_run() {
    let (pipeline, submitted) = pipeline();
    let pipeline = pipeline.with_admission(Undecided);
    let request = || Request::new("mutation { submit(name: \"x\") }");
    let once = Executor::execute(&pipeline, request()).await;
    let stream: Vec<_> = pipeline.execute_stream(request(), None).collect().await;
    for response in std::iter::once(&once).chain(&stream) {
        assert_eq!(Code::of(&response.errors[0]), Some(Code::Timeout));
    }
    assert_eq!((stream.len(), submitted.0.load(Ordering::SeqCst)), (1, 0));
}
