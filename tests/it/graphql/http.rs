//! Over HTTP: statuses, media types, methods, and whom the service answers.

use reqwest::header;
use serde_json::{Value, json};

use super::{
    client::{Answer, GRAPHQL, client, send},
    setup::Service,
};
use crate::place::Place;

on_both_databases![
    the_status_says_whether_it_ran_to_those_who_know_it,
    older_clients_get_200_for_whatever_is_well_formed,
    every_answer_has_a_request_id,
    only_post_is_answered_unless_queries_by_get_are_on,
    queries_by_get_are_for_programs_and_never_change_anything,
    what_is_no_request_is_refused,
    one_of_several_operations_is_named,
    other_names_and_other_pages_are_turned_away,
];

async fn ask_as(service: &Service, accept: &str, query: &str) -> Answer {
    let request = client().post(service.url()).header("content-type", "application/json");
    send(request.header("accept", accept).body(json!({ "query": query }).to_string())).await
}

/// Queries with the code of their error, and whether they ran.
const CASES: [(&str, &str, bool); 6] = [
    ("{ eventCursor }", "", true),
    ("{", "GRAPHQL_PARSE_FAILED", false),
    ("{ nothing }", "GRAPHQL_VALIDATION_FAILED", false),
    ("query ($id: ID!) { task(taskId: $id) { name } }", "BAD_USER_INPUT", false),
    ("{ tasks(limit: 1000) { workflowSteps { name events { name } } } }", "LIMIT_EXCEEDED", false),
    ("{ tasks(limit: 101) { name } }", "BAD_USER_INPUT", true),
];

async fn the_status_says_whether_it_ran_to_those_who_know_it(place: Place) {
    let service = Service::start(place).await;
    for (query, code, ran) in CASES {
        let answer = ask_as(&service, GRAPHQL, query).await;
        assert_eq!(answer.header("content-type"), "application/graphql-response+json; charset=utf-8");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (if ran { 200 } else { 400 }, code),
            "{query}"
        );
        assert_eq!(answer.json().get("data").is_some(), ran, "{query}");
    }
}

async fn older_clients_get_200_for_whatever_is_well_formed(place: Place) {
    let service = Service::start(place).await;
    for accept in ["application/json", "*/*", "application/json, application/graphql-response+json;q=0.5"] {
        for (query, code, ran) in CASES {
            let answer = ask_as(&service, accept, query).await;
            assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (200, code), "{query}");
            assert_eq!(answer.json().get("data").is_some(), ran, "{query}");
        }
    }
    assert_eq!(ask_as(&service, "text/html", "{ eventCursor }").await.status.as_u16(), 406);
}

async fn every_answer_has_a_request_id(place: Place) {
    let service = Service::start(place).await;
    let own = send(service.post().header("x-request-id", "order-7").body("{")).await;
    assert_eq!(own.header("x-request-id"), "order-7");
    let given = send(client().get(service.url())).await;
    assert!(uuid::Uuid::parse_str(given.header("x-request-id")).is_ok());
    // It follows the task that the request creates.
    let body =
        json!({ "query": "mutation { createTask(input: { name: \"later\" }) { events { payload } } }" });
    let created = send(service.post().header("x-request-id", "order-8").body(body.to_string())).await.json();
    assert_eq!(created["data"]["createTask"]["events"][0]["payload"]["request_id"], "order-8");
}

async fn only_post_is_answered_unless_queries_by_get_are_on(place: Place) {
    let service = Service::start(place).await;
    let url = format!("{}?query=%7BeventCursor%7D", service.url());
    for method in ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        let request = client().request(method.parse().expect("a method"), &url);
        let answer = send(request.header("x-requested-with", "test")).await;
        assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "POST"), "{method}");
    }
}

async fn queries_by_get_are_for_programs_and_never_change_anything(place: Place) {
    let service = Service::with(place, "graphql: { get_queries: true }").await;
    let get = async |query: &str, header: &'static str| {
        let parameters = [("query", query), ("variables", r#"{"limit": 1}"#)];
        let mut url = reqwest::Url::parse(&service.url()).expect("a URL");
        url.query_pairs_mut().extend_pairs(parameters);
        send(client().get(url).header(header, "1").header("accept", GRAPHQL)).await
    };
    let query = "query ($limit: Int!) { tasks(limit: $limit) { name } }";
    let answer = get(query, "x-requested-with").await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({ "data": { "tasks": [] } })));
    assert_eq!(get(query, "x-other").await.status.as_u16(), 400, "a form could have sent it");
    let create = "mutation { createTask(input: { name: \"later\" }) { name } }";
    for query in [create, "subscription { workflowEvents { name } }"] {
        let answer = get(query, "x-requested-with").await;
        assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "POST"), "{query}");
    }
    assert_eq!(service.data("{ tasks { name } }", json!({})).await, json!({ "tasks": [] }));
}

async fn what_is_no_request_is_refused(place: Place) {
    let service = Service::start(place).await;
    for (body, status) in [
        ("", 400),
        ("null", 400),
        (r#"{"query": ""}"#, 400),
        (r#"{"query": 7}"#, 400),
        (r#"{"variables": {}}"#, 400),
        (r#"{"query": "{ eventCursor }", "variables": []}"#, 400),
        (r#"[{"query": "{ eventCursor }"}]"#, 400),
        (r#"{"query": "{ eventCursor }", "operationName": "A"}"#, 400),
        (r#"{"query": "{ eventCursor }", "unknown": 1}"#, 200),
    ] {
        let answer = send(service.post().body(body)).await;
        assert_eq!(answer.status.as_u16(), status, "{body}: {}", answer.text);
    }
    let subscription = ask_as(&service, GRAPHQL, "subscription { workflowEvents { name } }").await;
    assert_eq!((subscription.status.as_u16(), subscription.code().as_str()), (400, "BAD_USER_INPUT"));
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
    {
        let request = client().post(service.url()).header("content-type", content_type);
        let answer = send(request.body(r#"{"query": "{ eventCursor }"}"#)).await;
        assert_eq!(answer.status.as_u16(), 415, "{content_type}");
    }
}

async fn one_of_several_operations_is_named(place: Place) {
    let service = Service::start(place).await;
    let named = async |name: Value| {
        let query = "query A { a: __typename } query B { b: __typename }";
        send(service.post().body(json!({ "query": query, "operationName": name }).to_string())).await
    };
    assert_eq!(named(json!("B")).await.json(), json!({ "data": { "b": "Query" } }));
    for other in [json!("C"), Value::Null, json!("")] {
        assert_eq!(named(other).await.code(), "BAD_USER_INPUT");
    }
}

async fn other_names_and_other_pages_are_turned_away(place: Place) {
    let settings =
        "server: { allowed_origins: [\"https://app.example.org\"], allowed_hosts: [tasker.example] }";
    let service = Service::with(place, settings).await;
    let named = async |host: &str, origin: &str| {
        let request = service.post().header(header::HOST, host).header(header::ORIGIN, origin);
        let answer = send(request.body(r#"{"query": "{ eventCursor }"}"#)).await;
        (answer.status.as_u16(), answer.header("access-control-allow-origin").to_owned())
    };
    let (listed, page) = ("tasker.example", "https://app.example.org");
    assert_eq!(named(listed, page).await, (200, page.to_owned()));
    assert_eq!(named("localhost", "https://evil.example").await, (200, String::new()), "no page may read it");
    assert_eq!(named("evil.example", page).await.0, 421);
}
