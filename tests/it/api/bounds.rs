//! What a server can't do to us.

use std::time::Duration;

use serde_json::json;
use tasker::model::status::Status;

use super::{
    failure,
    server::{Reply, Server, answer, json},
    start, start_with, until,
};
use crate::place::Place;

const ASK: &str = "
name: ask
step_templates:
  - { name: ask, handler_config: { type: api, url: SERVER } }
---
name: small
step_templates:
  - { name: ask, handler_config: { type: api, url: SERVER, max_response_bytes: 5 } }
---
name: many
step_templates:
  - { name: a, handler_config: { type: api, url: SERVER } }
  - { name: b, handler_config: { type: api, url: SERVER } }
  - { name: c, handler_config: { type: api, url: SERVER } }
  - { name: d, handler_config: { type: api, url: SERVER } }
  - { name: e, handler_config: { type: api, url: SERVER } }
";

async fn said(server: &Server, template: &str) -> (String, String) {
    let app = start(Place::sqlite(), ASK, server).await;
    let task = app.run_task(template, json!({})).await;
    failure(&app, task, "ask").await
}

#[tokio::test]
async fn a_hundred_megabytes_are_refused_early() {
    let head = |more: &str| format!("HTTP/1.1 200 OK\r\n{more}\r\n").into_bytes();
    for more in ["content-length: 104857600\r\n", "connection: close\r\n"] {
        let server = Server::always(Reply::Endless(head(more), 100)).await;
        let (code, said) = said(&server, "ask").await;
        assert_eq!(code, "BAD_RESPONSE");
        assert!(said.contains("more than 1048576 bytes; `max_response_bytes` allows more"), "{said}");
        until("the server gives up", || server.open() == 0).await;
        assert!(server.sent() < 20 << 20, "{} bytes were taken", server.sent());
    }
    // A failure's text has no end either.
    let endless = b"HTTP/1.1 400 X\r\nconnection: close\r\n\r\n".to_vec();
    let server = Server::always(Reply::Endless(endless, 100)).await;
    assert_eq!(said(&server, "ask").await.0, "HTTP_400");
    assert!(server.sent() < 20 << 20, "{} bytes were taken", server.sent());
}

#[tokio::test]
async fn a_step_says_how_much_it_takes() {
    let server =
        Server::start(|number, _| answer(200, &[], if number == 1 { b"12345" } else { b"123456" })).await;
    let app = start(Place::sqlite(), ASK, &server).await;
    let task = app.run_task("small", json!({})).await;
    assert_eq!(app.status(task).await, Status::Complete);
    let task = app.run_task("small", json!({})).await;
    assert_eq!(failure(&app, task, "ask").await.0, "BAD_RESPONSE");
}

#[tokio::test]
async fn what_is_packed_is_not_unpacked() {
    // A hundred megabytes of nothing come to a hundred kilobytes; nobody asked for it in this form.
    let server = Server::always(answer(200, &[("content-encoding", "gzip")], &[0x1f; 100 << 10])).await;
    let (code, said) = said(&server, "ask").await;
    assert_eq!(code, "BAD_RESPONSE");
    assert!(said.ends_with("the answer is packed (Content-Encoding), which was not asked for"), "{said}");
}

#[tokio::test]
async fn json_that_is_none_is_said() {
    let server = Server::always(answer(200, &[("content-type", "application/json")], b"{\"a\":")).await;
    assert!(said(&server, "ask").await.1.contains("says that it is JSON, and it is not"));
    let deep = "[".repeat(100_000);
    let server = Server::always(answer(200, &[("content-type", "application/json")], deep.as_bytes())).await;
    assert_eq!(said(&server, "ask").await.0, "BAD_RESPONSE");
}

#[tokio::test]
async fn one_host_is_asked_so_many_times_at_once() {
    let slow =
        Reply::Drip(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec(), Duration::from_millis(1));
    let server = Server::always(slow).await;
    let app = start_with(Place::sqlite(), ASK, &server, &[], |http| http.concurrency_per_host = 2).await;
    let tasks = [app.create_task("many", json!({})).await, app.create_task("many", json!({})).await];
    app.run_until_idle().await;
    for task in tasks {
        assert_eq!(app.status(task).await, Status::Complete);
    }
    assert_eq!((server.seen().len(), server.most()), (10, 2));
    assert!(server.connections() <= 2, "{} connections", server.connections());
}

#[tokio::test]
async fn requests_are_counted_by_what_became_of_them() {
    let server = Server::start(|number, _| match number {
        1 => json(200, &json!({})),
        2 => answer(404, &[], b""),
        _ => answer(500, &[], b""),
    })
    .await;
    let app = start(Place::sqlite(), ASK, &server).await;
    for _ in 0..3 {
        app.run_task("ask", json!({})).await;
    }
    let page = app.engine.metrics().encode();
    for (outcome, count) in [("accepted", 1), ("refused", 1), ("server_error", 1), ("broken", 0)] {
        let line = format!("tasker_http_requests_total{{outcome=\"{outcome}\"}} {count}\n");
        assert!(page.contains(&line), "{line}");
    }
    assert!(page.contains("tasker_http_request_seconds_count 3\n"));
}
