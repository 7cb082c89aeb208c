//! What the recipes send, as a server receives it.

use std::sync::{Arc, Mutex};

use axum::{Json, Router, extract::State, http::HeaderMap, http::StatusCode, routing::post};
use tasker::{
    events::subscriber::tell,
    model::{
        event::{Event, EventName, EventStep, EventTask, Recorded},
        id::{StepId, TaskId},
        time::Timestamp,
    },
    prelude::*,
};
use tokio::net::{TcpListener, UdpSocket};
use uuid::Uuid;

use crate::{pagerduty::PagerDuty, sentry::Sentry, slack::Slack, statsd::StatsD};

type Requests = Arc<Mutex<Vec<(HeaderMap, Value)>>>;

/// An address that answers `status` to everything, and what it was sent.
async fn server(status: u16) -> (String, Requests) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let requests = Requests::default();
    let status = StatusCode::from_u16(status).expect("a status");
    let take = move |State(requests): State<Requests>, headers: HeaderMap, Json(body): Json<Value>| async move {
        requests.lock().expect("not poisoned").push((headers, body));
        status
    };
    let router = Router::new().route("/{*path}", post(take)).with_state(requests.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("an address");
    let address = listener.local_addr().expect("an address").to_string();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, requests)
}

fn only(requests: &Requests) -> (HeaderMap, Value) {
    let mut requests = requests.lock().expect("not poisoned");
    assert_eq!(requests.len(), 1);
    requests.remove(0)
}

fn event(name: &str, details: Value) -> WorkflowEvent {
    let step = name.starts_with("step").then(|| EventStep {
        id: StepId(Uuid::from_u128(2)),
        name: "pay".into(),
        attempt: 1,
    });
    let task = EventTask { id: TaskId(Uuid::from_u128(1)), namespace: "shop".into(), name: "order".into() };
    let occurred_at = Timestamp(1_800_000_000_000_000);
    let name = EventName::parse(name);
    let (from, to, actor, details) = (None, None, None, Some(details));
    Recorded { position: 5, event: Event { name, occurred_at, task, step, from, to, actor, details } }.into()
}

fn failed(name: &str) -> WorkflowEvent {
    event(
        name,
        json!({ "error_message": "<!channel> timed out", "exception_class": "timeout", "execution_duration": 1.5 }),
    )
}

#[tokio::test]
async fn slack_is_told_of_failed_tasks_and_of_custom_events() {
    let (address, requests) = server(200).await;
    let slack = Slack::new(format!("http://{address}/services/x"));
    tell(&slack, &failed("task.failed")).await.expect("sent");
    let text = only(&requests).1["text"].to_string();
    assert!(text.contains("*order* failed: &lt;!channel&gt; timed out"), "{text}");
    tell(&slack, &event("order.fulfilled", json!({ "order_id": 7 }))).await.expect("sent");
    assert_eq!(only(&requests).1["text"], ":package: order 7 is fulfilled");
    tell(&slack, &event("order.packed", json!({}))).await.expect("nobody is told");
    assert!(requests.lock().expect("not poisoned").is_empty());
}

#[tokio::test]
async fn pagerduty_has_one_incident_for_a_task_and_resolves_it() {
    let (address, requests) = server(202).await;
    let pagerduty = PagerDuty::new(&format!("http://{address}/v2/enqueue"), "key".into());
    tell(&pagerduty, &failed("task.failed")).await.expect("sent");
    let (_, body) = only(&requests);
    assert_eq!((&body["event_action"], &body["routing_key"]), (&json!("trigger"), &json!("key")));
    assert_eq!(
        (&body["payload"]["class"], &body["payload"]["severity"]),
        (&json!("timeout"), &json!("error"))
    );
    let incident = body["dedup_key"].clone();
    tell(&pagerduty, &event("task.resolved_manually", json!({}))).await.expect("sent");
    let (_, body) = only(&requests);
    assert_eq!((&body["event_action"], &body["dedup_key"]), (&json!("resolve"), &incident));
}

#[tokio::test]
async fn sentry_groups_failures_by_what_failed() {
    let (address, requests) = server(200).await;
    let sentry = Sentry::new(&format!("http://key@{address}/prefix/42")).expect("a DSN");
    tell(&sentry, &failed("step.failed")).await.expect("sent");
    let (headers, body) = only(&requests);
    assert!(headers["x-sentry-auth"].to_str().expect("text").ends_with("sentry_key=key"));
    assert!(headers.get("authorization").is_none(), "the key is sent once");
    assert_eq!(body["fingerprint"], json!(["tasker", "step.failed", "shop", "order", "pay", "timeout"]));
    for text in ["", "https://host/1", "https://key@host", "https://key@host/"] {
        assert!(Sentry::new(text).is_none(), "{text}");
    }
}

#[tokio::test]
async fn a_receiver_that_refuses_is_an_error_without_the_address() {
    let (address, _) = server(403).await;
    let slack = Slack::new(format!("http://{address}/services/hunter2"));
    let error = tell(&slack, &failed("task.failed")).await.expect_err("refused").to_string();
    assert_eq!(error, "the answer is 403 Forbidden");
    let nobody = Slack::new("http://127.0.0.1:1/services/hunter2".into());
    let error = tell(&nobody, &failed("task.failed")).await.expect_err("nobody is there").to_string();
    assert!(!error.contains("hunter2"), "{error}");
}

#[tokio::test]
async fn statsd_counts_events_and_times_what_took_time() {
    let agent = UdpSocket::bind("127.0.0.1:0").await.expect("an address");
    let statsd = StatsD::new(agent.local_addr().expect("an address").to_string());
    tell(&statsd, &failed("step.failed")).await.expect("sent");
    let mut text = [0; 1_000];
    let length = agent.recv(&mut text).await.expect("received");
    let expected = "tasker.step.failed:1|c|#namespace:shop,task:order\ntasker.step.duration:1500|ms|#namespace:shop,task:order";
    assert_eq!(std::str::from_utf8(&text[..length]).expect("text"), expected);
}
