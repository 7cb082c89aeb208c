//! A diagram is answered as what the caller likes best.

use serde_json::Value;

use super::client::{Api, UNKNOWN};
use crate::place::Place;

on_both_databases![a_diagram_is_answered_as_what_is_asked_for];

async fn a_diagram_is_answered_as_what_is_asked_for(place: Place) {
    let api = Api::start(place).await;
    let path = format!("/api/v1/tasks/{}/diagram", api.paused(&api.admin, "shop").await);
    let ask = async |query: &str, accept: &str| {
        let request = api.request("GET", &format!("{path}{query}")).header("X-API-Token", &api.admin);
        api.hear(request.header("accept", accept)).await
    };
    for (query, accept, media, begins) in [
        ("", "*/*", "text/vnd.mermaid; charset=utf-8", "---"),
        ("", "text/plain", "text/plain; charset=utf-8", "---"),
        ("", "image/svg+xml, */*;q=0.1", "image/svg+xml; charset=utf-8", "<svg"),
        ("", "application/json", "application/json", "{"),
        // What the address says wins.
        ("?format=svg", "application/json", "image/svg+xml; charset=utf-8", "<svg"),
        ("?format=MERMAID", "image/*", "text/vnd.mermaid; charset=utf-8", "---"),
    ] {
        let answer = ask(query, accept).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, media),
            "{query} {accept}: {}",
            answer.text
        );
        assert!(answer.text.trim_start().starts_with(begins), "{query} {accept}: {}", answer.text);
        assert!(answer.header("content-security-policy").contains("sandbox"));
        assert!(media != "application/json" || answer.json() != Value::Null);
    }
    assert_eq!(ask("", "text/html").await.status, 406);
    assert_eq!(ask("?format=png", "*/*").await.code(), "BAD_USER_INPUT");
    let unknown = api.get(&api.admin, &format!("/api/v1/tasks/{UNKNOWN}/diagram")).await;
    assert_eq!((unknown.status, &*unknown.code()), (404, "NOT_FOUND"));
}
