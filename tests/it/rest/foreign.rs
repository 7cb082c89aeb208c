//! What a caller may not see is answered like what is not there, byte for byte.

use serde_json::{Value, json};

use super::client::{Api, UNKNOWN};
use crate::place::Place;

on_both_databases![
    a_foreign_task_answers_like_an_unknown_one,
    lists_hold_what_the_caller_may_see,
    who_may_do_nothing_is_not_told_what_a_request_takes,
];

async fn a_foreign_task_answers_like_an_unknown_one(place: Place) {
    let api = Api::start(place).await;
    let teller = api.token("teller").await;
    let foreign = api.paused(&api.admin, "shop").await;
    for (method, path, body) in [
        ("GET", "/api/v1/tasks/{task}", None),
        ("PATCH", "/api/v1/tasks/{task}", Some(json!({ "reason": "x" }))),
        ("DELETE", "/api/v1/tasks/{task}", None),
        ("POST", "/api/v1/tasks/{task}/cancel", Some(json!({}))),
        ("POST", "/api/v1/tasks/{task}/retry", Some(json!({}))),
        ("POST", "/api/v1/tasks/{task}/resolve", Some(json!({}))),
        // A mistake changes nothing about that.
        ("POST", "/api/v1/tasks/{task}/resolve", Some(json!({ "who": "me" }))),
        ("GET", "/api/v1/tasks/{task}?include=what", None),
    ] {
        let one = api.call(&teller, method, &path.replace("{task}", &foreign), body.as_ref()).await;
        let other = api.call(&teller, method, &path.replace("{task}", UNKNOWN), body.as_ref()).await;
        assert_eq!(one.lasting().replace(&foreign, UNKNOWN), other.lasting(), "{method} {path}");
        assert!([404, 400].contains(&one.status), "{method} {path}: {}", one.text);
    }
    let there = api.get(&api.admin, &format!("/api/v1/tasks/{foreign}")).await.json();
    assert_eq!(there["task"]["complete"], false, "nothing was done to it");
}

async fn lists_hold_what_the_caller_may_see(place: Place) {
    let api = Api::start(place).await;
    let (viewer, teller) = (api.token("viewer").await, api.token("teller").await);
    let (shop, bank) = (api.create(&api.admin, "shop").await, api.create(&api.admin, "bank").await);
    let ids = |answer: Value| -> Vec<String> {
        let tasks = answer["tasks"].as_array().expect("a list").clone();
        tasks.iter().map(|task| task["taskId"].as_str().expect("an id").to_owned()).collect()
    };
    for query in ["", "?offset=0", "?limit=100&sort_by=name", "?namespace=shop"] {
        let seen = api.get(&viewer, &format!("/api/v1/tasks{query}")).await.json();
        assert_eq!(ids(seen), std::slice::from_ref(&shop), "{query}");
    }
    assert_eq!(ids(api.get(&teller, "/api/v1/tasks").await.json()), [bank]);
    assert_eq!(ids(api.get(&viewer, "/api/v1/tasks?namespace=bank").await.json()), [""; 0]);
    let events = api.get(&viewer, "/api/v1/events?limit=100").await.json();
    let events = events["events"].as_array().expect("a list");
    assert!(!events.is_empty() && events.iter().all(|event| event["taskId"] == shop), "{events:?}");
}

/// It would be a way to read the schema.
async fn who_may_do_nothing_is_not_told_what_a_request_takes(place: Place) {
    let api = Api::start(place).await;
    let viewer = api.token("viewer").await;
    for (method, path, body) in [
        ("POST", "/api/v1/tasks", Some(json!({ "nonsense": 1 }))),
        ("POST", "/api/v1/tasks/nonsense/cancel", Some(json!({ "nonsense": 1 }))),
        ("PATCH", "/api/v1/tasks/nonsense/workflow_steps/nonsense", Some(json!({ "nonsense": 1 }))),
        ("GET", "/api/v1/tasks/nonsense?nonsense=1", None),
    ] {
        let nobody = api.call("", method, path, body.as_ref()).await;
        assert_eq!((nobody.status, &*nobody.code()), (401, "UNAUTHENTICATED"), "{method} {path}");
        let refused = api.call(&viewer, method, path, body.as_ref()).await;
        assert_eq!(
            (refused.status, &*refused.code()),
            (403, "FORBIDDEN"),
            "{method} {path}: {}",
            refused.text
        );
        let told = api.call(&api.admin, method, path, body.as_ref()).await;
        assert_eq!((told.status, &*told.code()), (400, "BAD_USER_INPUT"), "{method} {path}: {}", told.text);
        assert!(told.text.contains("nonsense") || told.text.contains("must be an id"), "{}", told.text);
    }
}
