//! Over Server-Sent Events.

use serde_json::json;

use super::{
    following::{EVENTS, log, origin},
    setup::Service,
    sse::Events,
};
use crate::place::Place;

on_both_databases![an_operation_over_events_ends_with_complete, a_stream_of_events_goes_on_after_the_last_id,];

async fn an_operation_over_events_ends_with_complete(place: Place) {
    let service = Service::start(place).await;
    for (query, part) in [
        ("{ __typename }", r#"{"data":{"__typename":"Query"}}"#),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { workflowEvents(after: \"x\") { name } }", "BAD_USER_INPUT"),
    ] {
        let mut events = Events::of(&service, query, json!({}), None).await;
        let next = events.next().await.expect("an answer");
        assert!(next.name == "next" && next.data.contains(part), "{next:?}");
        let end = events.next().await.expect("an end");
        assert_eq!((end.name.as_str(), end.data.as_str()), ("complete", ""));
        assert_eq!(events.next().await, None);
    }
}

async fn a_stream_of_events_goes_on_after_the_last_id(place: Place) {
    let service = Service::start(place).await;
    let start = origin(&service).await;
    service.run("unique", json!({})).await;
    let mut first = Events::of(&service, EVENTS, json!({ "after": start }), None).await;
    let (mut seen, mut last) = (Vec::new(), None);
    for _ in 0..3 {
        let (mut data, id) = first.data().await;
        assert_eq!(id.as_deref(), data["workflowEvents"]["cursor"].as_str(), "the id is the cursor");
        seen.push(data["workflowEvents"].take());
        last = id;
    }
    drop(first);
    service.run("unique", json!({ "again": true })).await;
    let mut second = Events::of(&service, EVENTS, json!({ "after": start }), last.as_deref()).await;
    while seen.len() < 10 {
        seen.push(second.data().await.0["workflowEvents"].take());
    }
    assert_eq!(seen, log(&service).await);
}
