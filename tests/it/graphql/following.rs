//! `workflowEvents`: nothing is missed and nothing is told twice, however often a client comes back.

use serde_json::{Value, json};

use super::{setup::Service, ws::Socket};
use crate::place::Place;

on_both_databases![
    with_a_cursor_the_log_is_replayed_and_then_it_is_live,
    a_client_that_comes_back_misses_nothing_and_sees_nothing_twice,
    without_a_cursor_it_begins_now,
    a_filter_holds_in_the_replay_and_live,
    many_events_arrive_in_the_logs_order,
    a_cursor_that_the_log_never_had_is_refused,
];

pub const EVENTS: &str = "subscription ($after: String, $filter: EventFilter) {
    workflowEvents(after: $after, filter: $filter) { cursor name } }";

/// The start of the log.
pub async fn origin(service: &Service) -> Value {
    service.data("{ eventCursor }", json!({})).await["eventCursor"].take()
}

/// The whole log, as a client sees it that was always there.
pub async fn log(service: &Service) -> Vec<Value> {
    let query = "query ($after: String) { events(first: 100, after: $after) { nodes { cursor name } } }";
    let mut all: Vec<Value> = Vec::new();
    loop {
        let after = all.last().map(|event| event["cursor"].clone());
        let page = service.data(query, json!({ "after": after })).await;
        let nodes = page["events"]["nodes"].as_array().expect("nodes").clone();
        if nodes.is_empty() {
            return all;
        }
        all.extend(nodes);
    }
}

async fn hear(socket: &mut Socket, count: usize) -> Vec<Value> {
    let mut heard = Vec::with_capacity(count);
    while heard.len() < count {
        heard.push(socket.next().await["workflowEvents"].take());
    }
    heard
}

async fn with_a_cursor_the_log_is_replayed_and_then_it_is_live(place: Place) {
    let service = Service::start(place).await;
    let start = origin(&service).await;
    service.run("order", json!({ "id": 1 })).await;
    let mut socket = Socket::connect(service.address).await;
    socket.subscribe("1", EVENTS, json!({ "after": start })).await;
    let replayed = hear(&mut socket, 11).await;
    service.run("unique", json!({})).await;
    let live = hear(&mut socket, 5).await;
    assert_eq!([replayed, live].concat(), log(&service).await);
}

async fn a_client_that_comes_back_misses_nothing_and_sees_nothing_twice(place: Place) {
    let service = Service::start(place).await;
    let (mut after, mut seen) = (origin(&service).await, Vec::new());
    for round in 1..=4 {
        // What happens while nobody listens, and while somebody does.
        service.run("unique", json!({ "away": round })).await;
        let mut socket = Socket::connect(service.address).await;
        socket.subscribe("1", EVENTS, json!({ "after": after })).await;
        service.create("unique", json!({ "here": round })).await;
        // It leaves in the middle of what there is to tell.
        seen.extend(hear(&mut socket, 7).await);
        after = seen.last().expect("an event")["cursor"].clone();
    }
    service.idle().await;
    let all = log(&service).await;
    assert_eq!(all.len(), 40);
    let mut socket = Socket::connect(service.address).await;
    socket.subscribe("1", EVENTS, json!({ "after": after })).await;
    seen.extend(hear(&mut socket, all.len() - seen.len()).await);
    assert_eq!(seen, all);
}

async fn without_a_cursor_it_begins_now(place: Place) {
    let service = Service::start(place).await;
    service.run("unique", json!({})).await;
    let before = log(&service).await.len();
    let mut socket = Socket::connect(service.address).await;
    socket.subscribe("1", EVENTS, json!({})).await;
    // Nobody says when a subscription has begun, so tasks are created until one is heard of.
    let heard = async { hear(&mut socket, 1).await.remove(0) };
    let create = async {
        for no in 0.. {
            service.run("unique", json!({ "no": no })).await;
        }
    };
    let heard = tokio::select! { heard = heard => heard, () = create => unreachable!() };
    let all = log(&service).await;
    assert!(all.iter().position(|event| *event == heard).expect("it is in the log") >= before);
}

async fn a_filter_holds_in_the_replay_and_live(place: Place) {
    let service = Service::start(place).await;
    let start = origin(&service).await;
    service.run("order", json!({ "id": 1 })).await;
    let mut socket = Socket::connect(service.address).await;
    let filter = json!({ "taskName": "order", "names": ["task.created", "task.completed"] });
    socket.subscribe("1", EVENTS, json!({ "after": start, "filter": filter })).await;
    let mut names = hear(&mut socket, 2).await;
    service.run("unique", json!({})).await;
    service.run("order", json!({ "id": 2 })).await;
    names.extend(hear(&mut socket, 2).await);
    let names: Vec<&str> = names.iter().map(|event| event["name"].as_str().expect("a name")).collect();
    assert_eq!(names, ["task.created", "task.completed", "task.created", "task.completed"]);
}

async fn many_events_arrive_in_the_logs_order(place: Place) {
    let service = Service::start(place).await;
    let start = origin(&service).await;
    let mut socket = Socket::connect(service.address).await;
    socket.subscribe("1", EVENTS, json!({ "after": start })).await;
    let tasks: Vec<Value> = (0..120).map(|id| json!({ "name": "order", "context": { "id": id } })).collect();
    service.mutate("createTasks", json!({ "tasks": tasks }), "{ status }").await;
    let heard = hear(&mut socket, 120 * 11).await;
    assert_eq!(heard, log(&service).await);
}

async fn a_cursor_that_the_log_never_had_is_refused(place: Place) {
    let service = Service::start(place).await;
    service.run("order", json!({ "id": 1 })).await;
    let ahead = origin(&service).await;
    let service = Service::start(Place::sqlite()).await;
    let mut socket = Socket::connect(service.address).await;
    for (after, code) in [(ahead, "CURSOR_EXPIRED"), (json!("x"), "BAD_USER_INPUT")] {
        socket.subscribe("1", EVENTS, json!({ "after": after })).await;
        let message = socket.expect("next").await;
        assert_eq!(message["payload"]["errors"][0]["extensions"]["code"], code, "{message}");
        socket.expect("complete").await;
    }
}
