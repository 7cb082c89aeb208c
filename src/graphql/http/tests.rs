use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use futures_util::stream;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::graphql::GraphqlSettings;
use crate::graphql::fixture::{self, router};
use crate::graphql::websocket::tests::RefusesBad;

const GRAPHQL: &str = "application/graphql-response+json";

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    fn code(&self) -> String {
        self.json()["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

async fn send_with(settings: GraphqlSettings, request: Request<Body>) -> Answer {
    let (mut transport, _) = fixture::transport(settings);
    transport.authenticate = Arc::new(RefusesBad);
    let response = router(transport).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 24).await.unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    Answer { status: parts.status, headers: parts.headers, text }
}

async fn send(request: Request<Body>) -> Answer {
    send_with(GraphqlSettings::default(), request).await
}

fn post() -> axum::http::request::Builder {
    Request::post("/graphql").header("content-type", "application/json").header("accept", GRAPHQL)
}

async fn query(query: &str) -> Answer {
    send(post().body(json!({ "query": query }).to_string().into()).unwrap()).await
}

#[tokio::test]
async fn a_query_is_answered_with_an_id_and_is_not_stored() {
    let answer = query("{ hello(name: \"ada\") }").await;
    assert_eq!((answer.status, answer.json()), (StatusCode::OK, json!({"data": {"hello": "hello ada"}})));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("content-type"), "application/graphql-response+json; charset=utf-8");
    assert_eq!(answer.header("x-request-id").len(), 36);
}

#[tokio::test]
async fn a_callers_request_id_reaches_the_resolver_and_comes_back() {
    let body = json!({"query": "{ requestId }"}).to_string();
    let answer = send(post().header("x-request-id", "order-7").body(body.clone().into()).unwrap()).await;
    assert_eq!(answer.json()["data"]["requestId"], "order-7");
    assert_eq!(answer.header("x-request-id"), "order-7");

    let answer = send(post().header("x-request-id", "a b").body(body.into()).unwrap()).await;
    assert_eq!(answer.json()["data"]["requestId"], answer.header("x-request-id"));
    assert_ne!(answer.header("x-request-id"), "a b");
}

#[tokio::test]
async fn an_operation_that_does_not_run_has_no_data() {
    for (text, code) in [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query ($id: ID!) { task(id: $id) { id } }", "BAD_USER_INPUT"),
        ("query A { hello } query B { hello }", "BAD_USER_INPUT"),
        ("{ hello(name: 7) }", "BAD_USER_INPUT"),
        ("subscription { ticks }", "BAD_USER_INPUT"),
        ("{ tasks { related(first: 1000) { related { id } } } }", "LIMIT_EXCEEDED"),
    ] {
        let answer = query(text).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_REQUEST, code), "{text}");
        assert!(answer.json().get("data").is_none(), "{text}");
    }
}

#[tokio::test]
async fn older_clients_get_200_for_whatever_is_well_formed() {
    let request = Request::post("/graphql").header("content-type", "application/json");
    let answer = send(request.body(json!({"query": "{"}).to_string().into()).unwrap()).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::OK, "GRAPHQL_PARSE_FAILED"));
    assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
}

#[tokio::test]
async fn resolvers_answer_with_their_codes_and_faults_are_opaque() {
    let answer = query("{ task(id: \"7\") { id } hello }").await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::OK, "NOT_FOUND"));
    assert_eq!(answer.json()["data"]["hello"], "hello ");

    let answer = query("{ bounded(limit: 101) }").await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::OK, "BAD_USER_INPUT"));

    for (text, status) in [("{ fault }", 500), ("{ fault hello }", 200), ("{ panics }", 500)] {
        let answer = query(text).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, "INTERNAL"), "{text}");
        assert!(!answer.text.contains("secret"), "{}", answer.text);
        assert_eq!(answer.json()["errors"][0]["extensions"]["requestId"], answer.header("x-request-id"));
    }
}

#[tokio::test]
async fn overload_is_503_and_says_when_to_come_back() {
    let answer = query("{ overloaded }").await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, "3"));
    assert_eq!(query("{ overloaded hello }").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_bad_credential_is_401() {
    let body = json!({"query": "{ hello }"}).to_string();
    let answer = send(post().header("authorization", "Bearer bad").body(body.into()).unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (401, "UNAUTHENTICATED"));
    assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"tasker\"");
}

#[tokio::test]
async fn what_takes_too_long_is_given_up() {
    let settings = GraphqlSettings { timeout: Duration::from_millis(20), ..GraphqlSettings::default() };
    let answer =
        send_with(settings, post().body(json!({"query": "{ never }"}).to_string().into()).unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (500, "TIMEOUT"));
}

#[tokio::test]
async fn what_a_form_can_send_is_not_executed() {
    let (transport, submitted) = fixture::transport(GraphqlSettings::default());
    let app = router(transport);
    let body = json!({"query": "mutation { submit(name: \"x\") }"}).to_string();
    for content_type in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
    {
        let request = Request::post("/graphql").header("content-type", content_type);
        let response = app.clone().oneshot(request.body(Body::from(body.clone())).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "{content_type}");
    }
    assert_eq!(submitted.0.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_method_or_a_media_type_that_is_not_served_is_said_so() {
    for method in ["GET", "PUT", "DELETE", "OPTIONS"] {
        let request = Request::builder().method(method).uri("/graphql?query=%7Bhello%7D");
        let answer = send(request.body(Body::empty()).unwrap()).await;
        assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "POST"), "{method}");
        assert_eq!(answer.header("x-request-id").len(), 36);
    }
    let request =
        Request::post("/graphql").header("content-type", "application/json").header("accept", "text/html");
    assert_eq!(send(request.body(Body::empty()).unwrap()).await.status, StatusCode::NOT_ACCEPTABLE);
}

#[tokio::test]
async fn get_answers_queries_where_it_is_on_and_only_to_programs() {
    let get = async |query: &str, header: &str| {
        let request =
            Request::get(format!("/graphql?query={query}")).header(header, "1").header("accept", GRAPHQL);
        let settings = GraphqlSettings { get_queries: true, ..GraphqlSettings::default() };
        send_with(settings, request.body(Body::empty()).unwrap()).await
    };
    let answer = get("%7Bhello%7D", "x-requested-with").await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({"data": {"hello": "hello "}})));
    assert_eq!(get("%7Bhello%7D", "x-other").await.status.as_u16(), 400);
    let answer = get("mutation%7Bsubmit(name:%22x%22)%7D", "x-requested-with").await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "POST"));
}

#[tokio::test]
async fn a_body_above_the_limit_is_413_however_it_is_sent() {
    let (transport, _) = fixture::transport(GraphqlSettings::default());
    let address = fixture::serve(router(transport)).await;
    // Another test may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let chunks = || (0..3_000).map(|_| Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 1024])));
    let bodies =
        [reqwest::Body::from(vec![b' '; 3 << 20]), reqwest::Body::wrap_stream(stream::iter(chunks()))];
    for body in bodies {
        let request =
            client.post(format!("http://{address}/graphql")).header("content-type", "application/json");
        let response = request.body(body).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 413);
        let text = response.text().await.unwrap();
        assert!(text.contains("LIMIT_EXCEEDED"), "{text}");
    }
}

/// The lines of an event stream.
async fn events(query: &str, last_event_id: Option<&str>) -> String {
    let request = Request::post("/graphql").header("content-type", "application/json");
    let mut request = request.header("accept", "text/event-stream");
    if let Some(id) = last_event_id {
        request = request.header("last-event-id", id);
    }
    let answer = send(request.body(json!({ "query": query }).to_string().into()).unwrap()).await;
    assert_eq!(answer.header("content-type"), "text/event-stream");
    answer.text
}

#[tokio::test]
async fn a_stream_of_events_carries_its_cursor_as_id_and_completes() {
    let text = events("subscription { workflowEvents(after: \"3\") { cursor } }", None).await;
    assert_eq!(
        text,
        "event: next\nid: 4\ndata: {\"data\":{\"workflowEvents\":{\"cursor\":\"4\"}}}\n\n\
         event: next\nid: 5\ndata: {\"data\":{\"workflowEvents\":{\"cursor\":\"5\"}}}\n\n\
         event: complete\ndata:\n\n"
    );
}

#[tokio::test]
async fn a_client_that_comes_back_goes_on_after_the_last_event_it_saw() {
    let text = events("subscription { workflowEvents(after: \"1\") { cursor } }", Some("4")).await;
    assert_eq!(text.matches("event: next").count(), 1, "{text}");
    let text =
        events("subscription { ...F } fragment F on Subscription { workflowEvents { cursor } }", Some("4"))
            .await;
    assert_eq!(text.matches("event: next").count(), 1, "{text}");
    // A subscription without a cursor is not touched.
    let text = events("subscription { ticks(n: 2) }", Some("4")).await;
    assert_eq!(text.matches("event: next").count(), 2, "{text}");
}

#[tokio::test]
async fn an_operation_that_cannot_run_is_an_event_with_its_error() {
    for (query, code) in
        [("{", "GRAPHQL_PARSE_FAILED"), ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED")]
    {
        let text = events(query, None).await;
        assert!(text.starts_with("event: next\ndata: {\"errors\":") && text.contains(code), "{text}");
        assert!(text.ends_with("event: complete\ndata:\n\n"), "{text}");
    }
    let text = events("{ hello }", None).await;
    assert_eq!(text.matches("event: next").count(), 1);
}

#[tokio::test]
async fn listed_pages_may_read_answers_and_others_may_not() {
    let settings = || GraphqlSettings {
        allowed_origins: vec!["https://app.example.org".into()],
        ..GraphqlSettings::default()
    };
    let preflight = async |origin: &str| {
        let request = Request::options("/graphql").header("origin", origin);
        let request = request.header("access-control-request-method", "POST");
        send_with(settings(), request.body(Body::empty()).unwrap()).await
    };
    let listed = preflight("https://app.example.org").await;
    assert_eq!(listed.status, StatusCode::NO_CONTENT);
    assert_eq!(listed.header("access-control-allow-origin"), "https://app.example.org");
    let other = preflight("https://evil.example").await;
    assert_eq!((other.status.as_u16(), other.header("access-control-allow-origin")), (405, ""));
}
