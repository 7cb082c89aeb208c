//! What a webhook sends is what the API answers, field by field.

use serde_json::{Value, json};
use tasker::{
    data::log::{self, EventFilter},
    events::WorkflowEvent,
};

use super::setup::Service;
use crate::{place::Place, script::permanent};

#[tokio::test]
async fn an_event_as_a_webhook_sends_it_is_the_one_that_the_api_shows() {
    let service = Service::start(Place::sqlite()).await;
    service.script("Only", [permanent("broken")]);
    let task = service.run("unique", json!({})).await;
    service.mutate("retryTask", json!({ "taskId": task }), "{ status }").await;
    service.idle().await;
    // Every field that the schema has, so that one that is added here is missed there.
    let fields = "{ __type(name: \"WorkflowEvent\") { fields { name } } }";
    let fields = service.data(fields, json!({})).await["__type"]["fields"].clone();
    let fields: Vec<String> = fields
        .as_array()
        .expect("fields")
        .iter()
        .map(|field| field["name"].as_str().expect("a name").to_owned())
        .collect();
    let document = format!("{{ events {{ nodes {{ {} }} }} }}", fields.join(" "));
    let shown = service.data(&document, json!({})).await["events"]["nodes"].clone();
    let stored = log::after(service.engine.database(), &EventFilter::default(), 0, 1_000).await;
    let sent: Vec<Value> =
        stored.expect("readable").into_iter().map(|one| WorkflowEvent::from(one).to_json()).collect();
    assert!(sent.len() > 5);
    assert_eq!(shown, json!(sent));
}
