//! What no database could store is refused at the edge, in words.

use serde_json::{Value, json};
use tasker::orchestration::{Error, TaskRequest};

use crate::{app::TestApp, place::Place};

on_both_databases![odd_contexts_and_texts_are_refused_in_words];

const ONE: &str = "
name: one
step_templates: [{ name: only, handler_class: Only }]
";

async fn odd_contexts_and_texts_are_refused_in_words(place: Place) {
    let app = TestApp::start(place, ONE).await;
    let told = async |request: TaskRequest| match app.create(request).await {
        Err(Error::BadInput(why)) => why,
        other => panic!("{other:?}"),
    };
    let context = |context: Value| TaskRequest::new("one", context);
    assert_eq!(
        told(context(json!({"a": "x".repeat(10 << 20)}))).await,
        "context has 10485768 bytes, and at most 1048576 are stored"
    );
    assert_eq!(
        told(context(json!({"a": ["\u{0}"]}))).await,
        "context contains the character U+0000, which can't be stored"
    );
    let deep = (0..150).fold(json!(1), |inner, _| json!([inner]));
    assert_eq!(told(context(deep)).await, "context is nested more than 100 levels deep");
    let reason = TaskRequest { reason: Some("\u{0}".into()), ..context(json!({})) };
    assert_eq!(told(reason).await, "reason contains the character U+0000, which can't be stored");
    let key = TaskRequest { idempotency_key: Some(String::new()), ..context(json!({})) };
    assert!(told(key).await.starts_with("idempotencyKey is empty"));
    let tags = TaskRequest { tags: vec!["t".into(); 51], ..context(json!({})) };
    assert_eq!(told(tags).await, "a task has at most 50 tags; these are 51");
    let version = TaskRequest { version: Some("1".into()), ..context(json!({})) };
    assert!(told(version).await.contains("is not a version"));
}
