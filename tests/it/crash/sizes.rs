//! Large things: they run up to the limits, and are refused in words beyond them.

use serde_json::{Value, json};
use tasker::model::status::Status;

use super::{audit, home::Home, programs::Program, service::Service, shapes};
use crate::place::Place;

fn noop(no: usize, after: &[String]) -> Value {
    json!({ "name": format!("s{no}"), "handler_class": "tasker.noop", "depends_on_steps": after })
}

on_both_databases!(a_thousand_steps_in_a_chain_run);

async fn a_thousand_steps_in_a_chain_run(place: Place) {
    let chain: Vec<Value> = (0..1_000)
        .map(|no: usize| {
            noop(no, &no.checked_sub(1).map(|before| format!("s{before}")).into_iter().collect::<Vec<_>>())
        })
        .collect();
    runs(place, "chain", &chain).await;
}

#[tokio::test]
async fn ten_thousand_steps_run() {
    let mut wide: Vec<Value> = vec![noop(0, &[])];
    wide.extend((1..9_999).map(|no| noop(no, &["s0".into()])));
    wide.push(noop(9_999, &["s1".into(), "s9998".into()]));
    runs(Place::sqlite(), "wide", &wide).await;
}

async fn runs(place: Place, name: &str, steps: &[Value]) {
    let home = Home::new(place, &[shapes::template(name, steps)]);
    let service = Service::start(&home, Program::Tasker).await;
    let task = service.client.create(name).await;
    let history = audit::at_rest(&home, &[task]).await;
    assert_eq!(history.case(task).task.status, Status::Complete);
    assert_eq!(history.case(task).task.steps.len(), steps.len());
    assert!(service.stop().await.success());
}

#[tokio::test]
async fn ten_megabytes_of_json_are_refused_and_the_service_goes_on() {
    let home = Home::new(Place::sqlite(), &shapes::mixed());
    let service = Service::start(&home, Program::Drill).await;
    let context = json!({ "input": { "name": "linear", "context": { "text": "x".repeat(10 << 20) } } });
    let query = "mutation ($input: CreateTaskInput!) { createTask(input: $input) { taskId } }";
    // The service may close the connection before everything was sent.
    if let Ok(answer) = service.client.post(query, context).send().await {
        assert_eq!(answer.status(), 413);
        let answer: Value = answer.json().await.expect("JSON");
        assert!(answer["errors"][0]["message"].is_string(), "{answer}");
    }
    let task = service.client.create("linear").await;
    let history = audit::at_rest(&home, &[task]).await;
    assert_eq!(history.cases.len(), 1);
    assert!(service.stop().await.success());
}
