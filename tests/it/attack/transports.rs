//! D: the ways in, over HTTP. None leads around the gate, and what is no way in stays closed.

use std::convert::Infallible;

use reqwest::{Body, Client, RequestBuilder, header::CONTENT_TYPE};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{ground::Ground, request::Request};
use crate::{gate::service::PATIENCE, place::Place};

on_both_databases![
    nothing_changes_by_get,
    only_json_is_read,
    the_body_says_what_runs,
    other_paths_are_no_way_in,
    a_stream_is_refused_like_an_answer,
    a_body_without_an_end_is_not_awaited,
    what_is_packed_is_not_unpacked,
];

fn http() -> Client {
    Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client")
}

fn delete(ground: &Ground) -> String {
    format!("mutation {{ cancelTask(input: {{taskId: \"{}\"}}) {{ taskId }} }}", ground.shop)
}

/// D01: a mutation. D02: without a header that a form can't send.
async fn nothing_changes_by_get(place: Place) {
    let ground = Ground::with(place, json!({ "graphql": { "get_queries": true } })).await;
    let viewer = ground.token("viewer").await;
    let before = ground.rows().await;
    let get = |query: &str, preflighted: bool| -> RequestBuilder {
        let url = format!("http://{}/graphql", ground.service.address);
        let url = reqwest::Url::parse_with_params(&url, [("query", query)]).expect("an address");
        let request = http().get(url).header("X-API-Token", &ground.admin);
        if preflighted { request.header("X-Requested-With", "test") } else { request }
    };
    for text in [
        delete(&ground),
        format!("{} query Q {{ __typename }}", delete(&ground).replace("mutation", "mutation M")),
        "subscription { workflowEvents { name } }".into(),
    ] {
        let answer = Ground::hear(get(&text, true)).await;
        let told =
            answer.status == 405 && answer.headers["allow"] == "POST" || answer.code() == "BAD_USER_INPUT";
        assert!(told && answer.body.get("data").is_none(), "{}", answer.text);
    }
    assert_eq!(
        Ground::hear(get("{ tasks { name } }", true)).await.data()["tasks"].as_array().map(Vec::len),
        Some(2)
    );
    let mut as_viewer = get("{ tasks { context } }", true).build().expect("a request");
    as_viewer.headers_mut().insert("x-api-token", viewer.parse().expect("a header"));
    let denied = Ground::hear(RequestBuilder::from_parts(http(), as_viewer)).await;
    assert_eq!((denied.status, denied.missing()), (403, vec!["tasker.task:show"]), "{}", denied.text);
    let simple = Ground::hear(get("{ tasks { name } }", false)).await;
    assert_eq!((simple.status, simple.code()), (400, "BAD_USER_INPUT"), "{}", simple.text);
    assert_eq!(ground.rows().await, before);
}

/// D03: what a form or a page of another origin can send without asking.
async fn only_json_is_read(place: Place) {
    let ground = Ground::new(place).await;
    let before = ground.rows().await;
    let body = json!({ "query": delete(&ground) }).to_string();
    for types in [
        &["text/plain"][..],
        &["text/plain; application/json"],
        &["application/x-www-form-urlencoded"],
        &["multipart/form-data; boundary=x"],
        &["application/json; charset=utf-7"],
        &["application/json; charset=utf-16"],
        &["application/graphql"],
        &["application/json, text/plain"],
        &["application/json", "text/plain"],
        &["application/json", "application/json"],
        &["application/jsonx"],
        &[""],
        &[],
    ] {
        let request = ground.post(&ground.admin).body(body.clone());
        let request = types.iter().fold(request, |request, one| request.header(CONTENT_TYPE, *one));
        let answer = Ground::hear(request).await;
        assert_eq!(answer.status, 415, "{types:?}: {}", answer.text);
    }
    assert_eq!(ground.rows().await, before);
}

/// D04: not the address, nor a header.
async fn the_body_says_what_runs(place: Place) {
    let ground = Ground::new(place).await;
    let before = ground.rows().await;
    let url = format!("http://{}/graphql", ground.service.address);
    let text = delete(&ground);
    let url = reqwest::Url::parse_with_params(&url, [("query", &*text), ("operationName", "M")])
        .expect("an address");
    let overridden = http().post(url).header("X-API-Token", &ground.admin);
    let answer = Ground::hear(overridden.json(&json!({ "query": "{ __typename }" }))).await;
    assert_eq!(answer.data(), &json!({ "__typename": "Query" }));
    for header in ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"] {
        let request = http().get(format!("http://{}/graphql", ground.service.address));
        let request = request.header(header, "POST").header("X-API-Token", &ground.admin);
        assert_eq!(Ground::hear(request.json(&json!({ "query": text }))).await.status, 405, "{header}");
    }
    // D21: a token in the address is none.
    for name in ["access_token", "token", "X-API-Token", "authorization"] {
        let url = format!("http://{}/graphql?{name}={}", ground.service.address, ground.admin);
        let answer = Ground::hear(http().post(url).json(&json!({ "query": "{ tasks { name } }" }))).await;
        assert_eq!((answer.status, answer.code()), (401, "UNAUTHENTICATED"), "{}", answer.text);
    }
    assert_eq!(ground.rows().await, before);
}

/// D05, D22: what is not the path is no way in, nor are the other listeners; what is the path asks the same gate.
async fn other_paths_are_no_way_in(place: Place) {
    let ground = Ground::new(place).await;
    let body = json!({ "query": "{ tasks { context } }" }).to_string();
    for path in [
        "/graphql/",
        "//graphql",
        "/GRAPHQL",
        "/graphql/.",
        "/%67raphql",
        "/graphql;x",
        "/graphql%2f",
        "/./graphql",
        "/graphiql",
        "/health/live",
        "/health/ready",
        "/metrics",
        "/",
        "/graphql?x#y",
        "/api/graphql",
        "/playground",
    ] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            ground.service.address,
            body.len()
        );
        let answer = raw(&ground, &[head.as_bytes(), body.as_bytes()]).await;
        let status = answer.split(' ').nth(1).unwrap_or_default();
        assert!(["400", "401", "404", "405"].contains(&status), "{path}: {answer}");
        assert!(!answer.contains("secret of"), "{path}: {answer}");
    }
}

/// Over Server-Sent Events: one event without data, and the end.
async fn a_stream_is_refused_like_an_answer(place: Place) {
    let ground = Ground::new(place).await;
    let viewer = ground.token("viewer").await;
    let before = ground.rows().await;
    for (text, missing) in [
        (delete(&ground), "tasker.task:cancel"),
        ("{ tasks { context } }".into(), "tasker.task:show"),
        ("subscription { workflowEvents { payload } }".into(), "tasker.event:show"),
        (
            format!("subscription {{ x: taskUpdated(taskId: \"{}\") {{ name }} }}", ground.shop),
            "tasker.task:show",
        ),
    ] {
        let answer = ground.stream(&viewer, &Request::plain(&text)).await;
        assert_eq!((answer.code(), answer.missing()), ("FORBIDDEN", vec![missing]), "{}", answer.text);
        assert!(answer.body.get("data").is_none(), "{}", answer.text);
        assert!(answer.text.ends_with("event: complete\ndata:\n\n"), "{}", answer.text);
    }
    assert_eq!(ground.rows().await, before);
}

/// D06: it is cut at the limit, long before it ends.
async fn a_body_without_an_end_is_not_awaited(place: Place) {
    let ground = Ground::new(place).await;
    let endless = futures_util::stream::repeat_with(|| Ok::<_, Infallible>(vec![b' '; 64 << 10]));
    let request = ground.post(&ground.admin).header(CONTENT_TYPE, "application/json");
    match request.body(Body::wrap_stream(endless)).send().await {
        Ok(answer) => assert_eq!(answer.status().as_u16(), 413),
        // The answer may be lost where the connection is cut while its caller still sends.
        Err(error) => assert!(!error.is_timeout(), "{error}"),
    }
    let announced = format!(
        "POST /graphql HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n{{",
        ground.service.address
    );
    let answer = raw(&ground, &[announced.as_bytes()]).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

/// D06: a bomb stays packed.
async fn what_is_packed_is_not_unpacked(place: Place) {
    let ground = Ground::new(place).await;
    // A header of the format, and then what would be a request if nobody looked at the header.
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    packed.extend_from_slice(json!({ "query": "{ __typename }" }).to_string().as_bytes());
    for encoding in ["gzip", "deflate", "br", "zstd", "x-nothing"] {
        let request = ground.post(&ground.admin).header(CONTENT_TYPE, "application/json");
        let answer = Ground::hear(request.header("content-encoding", encoding).body(packed.clone())).await;
        assert!([400, 415].contains(&answer.status), "{encoding}: {} {}", answer.status, answer.text);
    }
}

/// Says exactly these bytes, and hears what is answered until there is no more.
pub async fn raw(ground: &Ground, said: &[&[u8]]) -> String {
    let mut connection = TcpStream::connect(ground.service.address).await.expect("a connection");
    for bytes in said {
        connection.write_all(bytes).await.expect("sent");
    }
    let mut heard = Vec::new();
    let mut chunk = [0; 4096];
    // Where the connection stays open, what has come is the answer.
    while !String::from_utf8_lossy(&heard).contains("\r\n\r\n") {
        match tokio::time::timeout(PATIENCE, connection.read(&mut chunk)).await.expect("in time") {
            Ok(0) | Err(_) => break,
            Ok(count) => heard.extend_from_slice(&chunk[..count]),
        }
    }
    String::from_utf8_lossy(&heard).into_owned()
}
