//! What is wrong with a request is said with its status, and as JSON.

use serde_json::json;

use super::client::{Answer, Api, UNKNOWN};
use crate::place::Place;

on_both_databases![
    a_mistake_is_named,
    a_body_is_json_and_of_bounded_size,
    paths_and_methods_that_are_not_there_say_so,
    a_context_that_does_not_fit_says_where,
    who_asks_too_often_is_told_when_to_come_back,
    a_page_of_a_listed_origin_may_use_every_method,
];

#[track_caller]
fn told(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, &*answer.code()), (status, code), "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.json()["error"]["requestId"], answer.header("x-request-id"));
}

async fn a_mistake_is_named(place: Place) {
    let api = Api::start(place).await;
    for (query, name) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=two", "limit"),
        ("offset=10001", "offset"),
        ("limit=1&limit=2", "limit"),
        ("page=2", "page"),
        ("sort_by=Name", "sort_by"),
        ("statuses=COMPLETE,LOST", "statuses"),
        ("include=steps,secrets", "include"),
        ("include=steps,steps", "include"),
        ("requested_after=yesterday", "requested_after"),
        ("requested_after=2026-01-01T00:00:00+01:00", "requested_after"),
        ("after=x&offset=1", "after"),
        ("name=%FF", "name"),
    ] {
        let answer = api.get(&api.admin, &format!("/api/v1/tasks?{query}")).await;
        told(&answer, 400, "BAD_USER_INPUT");
        assert_eq!(answer.json()["error"]["details"]["violations"][0]["parameter"], name, "{query}");
    }
    for query in ["", "?", "?&", "?statuses=", "?include=", "?requested_after=2026-01-01T00:00:00%2B01:00"] {
        assert_eq!(api.get(&api.admin, &format!("/api/v1/tasks{query}")).await.status, 200, "{query}");
    }
    told(&api.get(&api.admin, "/api/v1/tasks?after=x").await, 400, "BAD_USER_INPUT");
    told(&api.get(&api.admin, "/api/v1/tasks?name=%00").await, 400, "BAD_USER_INPUT");
    for body in [
        json!({}),
        json!({ "name": 1 }),
        json!({ "name": "order", "tags": "a" }),
        json!({ "name": "order", "x": 1 }),
        json!({ "name": "order", "priority": 1.5 }),
        json!({ "name": "order", "requestedAt": "now" }),
    ] {
        let answer = api.post(&api.admin, "/api/v1/tasks", body).await;
        told(&answer, 400, "BAD_USER_INPUT");
        assert!(answer.json()["error"]["details"]["violations"][0]["pointer"].is_string(), "{}", answer.text);
    }
    let task = format!("/api/v1/tasks/{}", api.paused(&api.admin, "shop").await);
    told(&api.call(&api.admin, "PATCH", &task, Some(&json!({}))).await, 400, "BAD_USER_INPUT");
    told(&api.post(&api.admin, "/api/v1/tasks", json!({ "name": "nothing" })).await, 404, "NOT_FOUND");
}

async fn a_body_is_json_and_of_bounded_size(place: Place) {
    let api = Api::start(place).await;
    let post = || api.request("POST", "/api/v1/tasks").header("X-API-Token", &api.admin);
    let body = r#"{"name": "order", "namespace": "shop"}"#;
    for types in ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16"] {
        told(&api.hear(post().header("content-type", types).body(body)).await, 415, "BAD_USER_INPUT");
    }
    told(&api.hear(post().body(body)).await, 415, "BAD_USER_INPUT");
    told(&api.hear(post()).await, 415, "BAD_USER_INPUT");
    let json = || post().header("content-type", "application/json");
    told(&api.hear(json().header("content-encoding", "gzip").body(body)).await, 415, "BAD_USER_INPUT");
    for broken in ["", "{", "[]", "null", "{} {}", r#"{"name": "a", "name": "b", }"#] {
        told(&api.hear(json().body(broken)).await, 400, "BAD_USER_INPUT");
    }
    told(&api.hear(json().body(vec![b' '; (1 << 20) + 1])).await, 413, "LIMIT_EXCEEDED");
    told(&api.hear(json().header("accept", "text/html").body(body)).await, 406, "BAD_USER_INPUT");
    assert_eq!(api.get(&api.admin, "/api/v1/tasks").await.json()["tasks"], json!([]), "nothing came of any");
}

async fn paths_and_methods_that_are_not_there_say_so(place: Place) {
    let api = Api::start(place).await;
    for path in
        ["/api", "/api/", "/api/v1", "/api/v2/tasks", "/api/v1/tasks/", "/api/v1/tasks/a/b/c/d/e", "/api/%FF"]
    {
        told(&api.get(&api.admin, path).await, 404, "NOT_FOUND");
    }
    for (path, allow) in [
        ("/api/v1/tasks", "GET,HEAD,POST"),
        (&format!("/api/v1/tasks/{UNKNOWN}"), "GET,HEAD,PATCH,DELETE"),
        (&format!("/api/v1/tasks/{UNKNOWN}/cancel"), "POST"),
        ("/openapi.json", "GET,HEAD"),
    ] {
        for method in ["PUT", "OPTIONS", "TRACE", "LOCK"] {
            let answer = api.call(&api.admin, method, path, None).await;
            told(&answer, 405, "BAD_USER_INPUT");
            assert_eq!(answer.header("allow"), allow, "{method} {path}");
        }
    }
}

async fn a_context_that_does_not_fit_says_where(place: Place) {
    let api = Api::start(place).await;
    let wrong = api.post(&api.admin, "/api/v1/tasks", json!({ "name": "strict", "namespace": "shop" })).await;
    told(&wrong, 404, "NOT_FOUND");
    let bypass = json!({ "name": "order", "namespace": "shop", "bypassSteps": ["nothing"] });
    let answer = api.post(&api.admin, "/api/v1/tasks", bypass).await;
    assert!([400, 422].contains(&answer.status), "{}", answer.text);
}

async fn who_asks_too_often_is_told_when_to_come_back(place: Place) {
    let limit = json!({ "rate_limit": { "per_subject": 1, "per_subject_burst": 2, "loopback": true } });
    let api = Api::with(place, json!({ "server": limit })).await;
    let mut statuses = Vec::new();
    for _ in 0..8 {
        let answer = api.get(&api.admin, "/api/v1/tasks").await;
        if answer.status == 429 {
            told(&answer, 429, "RATE_LIMITED");
            assert!(answer.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds >= 1));
        }
        statuses.push(answer.status);
    }
    assert!(statuses.contains(&429) && statuses[0] == 200, "{statuses:?}");
}

async fn a_page_of_a_listed_origin_may_use_every_method(place: Place) {
    let api = Api::with(place, json!({ "server": { "allowed_origins": ["https://app.example.org"] } })).await;
    let ask = async |origin: &str| {
        let request = api.request("OPTIONS", "/api/v1/tasks").header("origin", origin);
        api.hear(request.header("access-control-request-method", "POST")).await
    };
    let listed = ask("https://app.example.org").await;
    assert_eq!(
        (listed.status, listed.header("access-control-allow-methods")),
        (204, "GET, POST, PATCH, DELETE")
    );
    assert!(listed.header("access-control-allow-headers").contains("idempotency-key"));
    assert_eq!(ask("https://evil.example").await.header("access-control-allow-origin"), "");
}
