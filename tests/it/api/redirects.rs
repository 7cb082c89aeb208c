//! Where answers lead.

use serde_json::json;
use tasker::model::status::Status;

use super::{
    failure,
    server::{Reply, Server, json, redirect},
    start_with,
};
use crate::place::Place;

const ASK: &str = "
name: ask
step_templates:
  - name: ask
    handler_config:
      type: api
      url: SERVER/start?secret=${KEY}
      headers: { Authorization: 'Bearer ${KEY}', X-Api-Key: '${KEY}', Accept-Language: de }
      body: { order: '{{ context.order }}', note: '{{ context.note }}' }
---
name: sealed
step_templates:
  - { name: ask, handler_config: { type: api, url: SERVER/start, body: { key: '${KEY}' } } }
";

const KEY: &str = "k3y-of-the-shop";

async fn asked(server: &Server, template: &str) -> (Status, Option<(String, String)>) {
    let app = start_with(Place::sqlite(), ASK, server, &[("KEY", KEY)], |_| ()).await;
    let task = app.run_task(template, json!({ "order": 7, "note": "n" })).await;
    let status = app.status(task).await;
    let failed = if status == Status::Complete { None } else { Some(failure(&app, task, "ask").await) };
    (status, failed)
}

#[tokio::test]
async fn they_are_followed_with_what_may_go_along() {
    for (status, method) in [(302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")] {
        let server = Server::start(move |number, _| match number {
            1 => redirect(status, "/next"),
            _ => json(200, &json!({})),
        })
        .await;
        assert_eq!(asked(&server, "ask").await.0, Status::Complete);
        let next = &server.seen()[1];
        assert_eq!((next.method.as_str(), next.target.as_str()), (method, "/next"));
        assert_eq!(next.body.is_empty(), method == "GET");
        assert_eq!(next.header("content-type").is_some(), method == "POST");
        assert!(next.header("x-api-key").is_some(), "it is the same host");
        assert_eq!(next.connection, 1);
    }
}

#[tokio::test]
async fn to_somebody_else_nothing_secret_goes() {
    let other = Server::always(json(200, &json!({}))).await;
    let location = format!("{}/elsewhere", other.url);
    let server = Server::start(move |_, _| redirect(307, &location)).await;
    assert_eq!(asked(&server, "ask").await.0, Status::Complete);
    let seen = &other.seen()[0];
    assert!(!seen.raw.contains(KEY), "{}", seen.raw);
    assert!(seen.header("authorization").is_none() && seen.header("x-api-key").is_none());
    assert_eq!((seen.header("accept-language"), seen.json()["order"].as_i64()), (Some("de"), Some(7)));

    let (status, failed) = asked(&server, "sealed").await;
    assert_eq!((status, failed.expect("it failed").0.as_str()), (Status::Error, "REDIRECT"));
    assert_eq!(other.seen().len(), 1, "the body holds what only the first may know");
}

#[tokio::test]
async fn circles_and_long_ways_end() {
    let server = Server::start(|_, seen| redirect(302, if seen.target == "/a" { "/b" } else { "/a" })).await;
    let (_, failed) = asked(&server, "ask").await;
    let (code, said) = failed.expect("it failed");
    assert_eq!(code, "REDIRECT");
    assert!(said.ends_with("a redirect is not followed: they go round in circles"), "{said}");
    assert_eq!(server.seen().len(), 3);

    let server = Server::start(|number, _| redirect(302, &format!("/{number}"))).await;
    let (_, failed) = asked(&server, "ask").await;
    assert!(failed.expect("it failed").1.ends_with("there are more than 5"));
    assert_eq!(server.seen().len(), 6);
}

#[tokio::test]
async fn what_leads_nowhere_is_an_answer() {
    for (reply, code) in [
        (redirect(302, "file:///etc/passwd"), "REDIRECT"),
        (redirect(302, "http://[x"), "REDIRECT"),
        (Reply::Bytes(b"HTTP/1.1 302 X\r\ncontent-length: 0\r\n\r\n".to_vec()), "HTTP_302"),
        (redirect(304, "/x"), "HTTP_304"),
    ] {
        let server = Server::always(reply).await;
        assert_eq!(asked(&server, "ask").await.1.expect("it failed").0, code);
        assert_eq!(server.seen().len(), 1);
    }
}
