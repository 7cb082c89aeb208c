//! A request is a part of its attempt's trace, and passes it on.

use std::time::Duration;

use serde_json::json;
use tasker::{config::Otlp, metrics::Metrics, telemetry::Tracer};

use super::{
    outside,
    server::{Server, json, redirect},
};
use crate::{
    app::{Outside, TestApp},
    place::Place,
    telemetry::collector::{Collector, said},
};

const ASK: &str = "
name: ask
step_templates:
  - { name: ask, handler_config: { type: api, url: 'SERVER/x?key=${KEY}' } }
";

#[tokio::test(flavor = "multi_thread")]
async fn each_request_is_a_span_and_says_so_to_the_server() {
    let server = Server::start(|number, _| match number {
        1 => redirect(302, "/y"),
        _ => json(200, &json!({})),
    })
    .await;
    let collector = Collector::start().await;
    let settings = Otlp { enabled: true, endpoint: collector.address.clone(), ..Otlp::default() };
    let tracer = Tracer::open(&settings, "test", Metrics::new()).expect("traces");
    let around = Outside { tracer: tracer.clone(), ..outside(&[("KEY", "k3y-of-the-shop")], |_| ()) };
    let app = TestApp::outside(Place::sqlite(), &ASK.replace("SERVER", &server.url), around, |_| ()).await;
    let task = app.run_task("ask", json!({})).await;
    assert_eq!(app.status(task).await, tasker::model::status::Status::Complete);
    tracer.close(Duration::from_secs(10)).await;

    let spans = collector.spans();
    let attempt = spans.iter().find(|span| span.name == "step ask").expect("the attempt's span");
    let requests: Vec<_> = spans.iter().filter(|span| span.parent_span_id == attempt.span_id).collect();
    assert_eq!(requests.len(), 2, "{spans:?}");
    for (seen, status) in server.seen().iter().zip(["302", "200"]) {
        let parent =
            seen.header("traceparent").expect("a header").split('-').nth(2).expect("a span").to_owned();
        let span =
            requests.iter().find(|span| hex::encode(&span.span_id) == parent).expect("the request's span");
        assert_eq!((span.name.as_str(), said(span, "http.response.status_code").as_str()), ("GET", status));
        assert_eq!(said(span, "server.address"), "127.0.0.1");
    }
    assert!(!format!("{spans:?}").contains("k3y"), "no address is in them");
}
