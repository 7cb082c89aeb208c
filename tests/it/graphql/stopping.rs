//! The end of the service, as its clients see it, and how they go on with the next one.

use serde_json::json;

use super::{
    following::{EVENTS, origin},
    setup::Service,
    sse::Events,
    ws::Socket,
};
use crate::place::Place;

on_both_databases![
    sockets_are_closed_with_their_code,
    a_stream_of_events_ends_without_complete,
    a_client_goes_on_with_the_next_service_where_it_was,
];

async fn sockets_are_closed_with_their_code(place: Place) {
    let service = Service::start(place).await;
    let mut idle = Socket::connect(service.address).await;
    let mut silent = Socket::open(service.address).await;
    let mut busy = Socket::connect(service.address).await;
    busy.subscribe("1", EVENTS, json!({ "after": origin(&service).await })).await;
    service.run("unique", json!({})).await;
    busy.next().await;
    let (_place, closed) = tokio::join!(service.stop(), async {
        [idle.closed().await, silent.closed().await, busy.closed().await]
    });
    assert_eq!(closed, [1001, 1001, 1001]);
}

/// So that its client comes back.
async fn a_stream_of_events_ends_without_complete(place: Place) {
    let service = Service::start(place).await;
    let mut events = Events::of(&service, EVENTS, json!({ "after": origin(&service).await }), None).await;
    service.run("later", json!({})).await;
    assert_eq!(events.data().await.0["workflowEvents"]["name"], "task.created");
    let (_place, end) = tokio::join!(service.stop(), events.next());
    assert_eq!(end, None);
}

async fn a_client_goes_on_with_the_next_service_where_it_was(place: Place) {
    let service = Service::start(place).await;
    let mut events = Events::of(&service, EVENTS, json!({ "after": origin(&service).await }), None).await;
    let task = service.run("unique", json!({ "n": 1 })).await;
    let (mut seen, mut last) = (Vec::new(), None);
    while seen.len() < 3 {
        let (mut data, id) = events.data().await;
        seen.push(data["workflowEvents"].take());
        last = id;
    }
    let service = Service::start(service.stop().await).await;
    service.run("unique", json!({ "n": 2 })).await;
    let mut events = Events::of(&service, EVENTS, json!({}), last.as_deref()).await;
    while seen.len() < 10 {
        seen.push(events.data().await.0["workflowEvents"].take());
    }
    let log = service.data("{ events(first: 100) { nodes { cursor name } } }", json!({})).await;
    assert_eq!(json!(seen), log["events"]["nodes"]);
    assert_eq!(service.task(&task, "{ status }").await["status"], "COMPLETE");
}
