//! Over a WebSocket: the protocol, and the code for each way to break it.

use serde_json::{Value, json};

use super::{
    setup::Service,
    ws::{Heard, Socket},
};
use crate::place::Place;

on_both_databases![
    queries_and_mutations_are_answered_once,
    every_breach_of_the_protocol_has_its_code,
    a_client_that_never_introduces_itself_is_closed,
    a_ping_is_answered_with_what_it_carried,
    an_operation_that_cannot_run_is_an_error,
    a_stopped_operation_says_nothing_more_and_frees_its_id,
    a_connection_has_so_many_operations,
    other_protocols_and_foreign_pages_are_refused,
    who_says_goodbye_is_answered,
];

const FOREVER: &str = "subscription { workflowEvents { name } }";

async fn queries_and_mutations_are_answered_once(place: Place) {
    let service = Service::start(place).await;
    let mut socket = Socket::connect(service.address).await;
    let create = "mutation ($input: CreateTaskInput!) { createTask(input: $input) { fullName } }";
    for (query, variables, data) in [
        (
            create,
            json!({ "input": { "name": "later" } }),
            json!({ "createTask": { "fullName": "default/later@0.1.0" } }),
        ),
        ("{ tasks { name } }", Value::Null, json!({ "tasks": [{ "name": "later" }] })),
    ] {
        socket.subscribe("same", query, variables).await;
        assert_eq!(socket.next().await, data);
        assert_eq!(socket.expect("complete").await["id"], "same");
    }
}

/// D09, D11 and D13 of the attack suite: each breach closes the socket with its own code.
async fn every_breach_of_the_protocol_has_its_code(place: Place) {
    let service = Service::start(place).await;
    const INIT: &str = r#"{"type": "connection_init"}"#;
    let subscribe = json!({ "type": "subscribe", "id": "1", "payload": { "query": FOREVER } }).to_string();
    let cases: [(&[&str], u16); 8] = [
        (&["not json"], 4400),
        (&[r#"{"type": "nonsense"}"#], 4400),
        (&[r#"{"type": "connection_init", "payload": 7}"#], 4400),
        (&[INIT, r#"{"type": "subscribe", "id": "", "payload": {"query": "{ eventCursor }"}}"#], 4400),
        (&[INIT, r#"{"type": "subscribe", "id": "1"}"#], 4400),
        (&[&subscribe], 4401),
        (&[INIT, &subscribe, &subscribe], 4409),
        (&[INIT, INIT], 4429),
    ];
    for (said, code) in cases {
        let mut socket = Socket::open(service.address).await;
        for text in said {
            socket.say(text).await;
        }
        assert_eq!(socket.closed().await, code, "{said:?}");
    }
    let mut socket = Socket::connect(service.address).await;
    socket.say_bytes(b"{}").await;
    assert_eq!(socket.closed().await, 4400, "bytes are no message");
    let mut socket = Socket::connect(service.address).await;
    socket.say(&" ".repeat((1 << 20) + 1)).await;
    assert_eq!(socket.closed().await, 1009);
}

/// D10: it is closed when its time is over.
async fn a_client_that_never_introduces_itself_is_closed(place: Place) {
    let service = Service::with(place, "graphql: { connection_init_timeout: 100ms }").await;
    let mut socket = Socket::open(service.address).await;
    assert_eq!(socket.hear().await, Heard::Closed(4408));
}

async fn a_ping_is_answered_with_what_it_carried(place: Place) {
    let service = Service::start(place).await;
    let mut socket = Socket::open(service.address).await;
    socket.send(json!({ "type": "ping" })).await;
    assert_eq!(socket.expect("pong").await, json!({ "type": "pong" }), "even before it has said who it is");
    socket.send(json!({ "type": "ping", "payload": { "a": [1] } })).await;
    assert_eq!(socket.expect("pong").await["payload"], json!({ "a": [1] }));
    socket.send(json!({ "type": "pong" })).await;
    socket.send(json!({ "type": "connection_init", "payload": {} })).await;
    socket.expect("connection_ack").await;
}

async fn an_operation_that_cannot_run_is_an_error(place: Place) {
    let service = Service::start(place).await;
    let mut socket = Socket::connect(service.address).await;
    for (query, code) in [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        (
            "subscription { workflowEvents { name } again: workflowEvents { name } }",
            "GRAPHQL_VALIDATION_FAILED",
        ),
        ("subscription ($task: ID!) { taskUpdated(taskId: $task) { name } }", "BAD_USER_INPUT"),
        ("{ tasks(limit: 1000) { workflowSteps { events { name } } } }", "LIMIT_EXCEEDED"),
    ] {
        socket.subscribe("1", query, json!({})).await;
        let message = socket.expect("error").await;
        assert_eq!(message["payload"][0]["extensions"]["code"], code, "{message}");
    }
    socket.subscribe("1", "{ __typename }", json!({})).await;
    assert_eq!(socket.next().await, json!({ "__typename": "Query" }), "the id is free and the socket open");
}

async fn a_stopped_operation_says_nothing_more_and_frees_its_id(place: Place) {
    let service = Service::start(place).await;
    let start = service.data("{ eventCursor }", json!({})).await["eventCursor"].take();
    let mut socket = Socket::connect(service.address).await;
    let after = "subscription ($after: String) { workflowEvents(after: $after) { name } }";
    socket.subscribe("1", after, json!({ "after": start })).await;
    service.run("unique", json!({})).await;
    socket.next().await;
    socket.send(json!({ "type": "complete", "id": "1" })).await;
    service.run("unique", json!({ "again": 1 })).await;
    socket.subscribe("1", "{ __typename }", json!({})).await;
    // What was on its way when it was stopped may still come; then only the new operation speaks.
    let mut heard = socket.expect("next").await;
    while heard["payload"]["data"].get("workflowEvents").is_some() {
        heard = socket.expect("next").await;
    }
    assert_eq!(heard["payload"]["data"], json!({ "__typename": "Query" }));
    socket.expect("complete").await;
}

async fn a_connection_has_so_many_operations(place: Place) {
    let service = Service::with(place, "graphql: { subscriptions_per_connection: 2 }").await;
    let mut socket = Socket::connect(service.address).await;
    for id in ["1", "2", "3"] {
        socket.subscribe(id, FOREVER, json!({})).await;
    }
    let refused = socket.expect("error").await;
    assert_eq!(
        (&refused["id"], &refused["payload"][0]["extensions"]["code"]),
        (&json!("3"), &json!("LIMIT_EXCEEDED"))
    );
    let mut other = Socket::connect(service.address).await;
    other.subscribe("1", "{ __typename }", json!({})).await;
    other.next().await;
}

async fn other_protocols_and_foreign_pages_are_refused(place: Place) {
    let service = Service::start(place).await;
    let open = async |protocol: &str, headers: &[(&'static str, &str)]| match Socket::open_as(
        service.address,
        protocol,
        headers,
    )
    .await
    .map_err(|error| *error)
    {
        Ok(_) => 101,
        Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => answer.status().as_u16(),
        Err(other) => panic!("{other}"),
    };
    let own = format!("http://{}", service.address);
    assert_eq!(open("graphql-transport-ws", &[("origin", &own)]).await, 101);
    assert_eq!(open("graphql-transport-ws", &[("origin", "http://evil.example")]).await, 403);
    assert_eq!(open("graphql-ws", &[]).await, 400);
}

async fn who_says_goodbye_is_answered(place: Place) {
    let service = Service::start(place).await;
    for code in [1000, 4999] {
        let mut socket = Socket::connect(service.address).await;
        socket.subscribe("1", FOREVER, json!({})).await;
        socket.leave(code).await;
        assert_eq!(socket.closed().await, code, "without an answer it would look like a broken line");
    }
}
