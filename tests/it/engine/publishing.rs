//! Events of handlers are written with the outcome of their attempt.

use serde_json::{Value, json};
use tasker::model::{event::EventName, id::TaskId};

use crate::{
    app::TestApp,
    place::Place,
    script::{ok, permanent},
};

on_both_databases![
    events_come_with_success_and_with_failure,
    an_undeclared_event_fails_the_step,
    a_handler_may_add_to_its_completion,
    what_cannot_be_stored_fails_the_step_in_words,
    an_attempt_publishes_only_so_much,
];

const SHOP: &str = "
name: shop
custom_events: [{ name: order.seen, description: somebody looked }]
step_templates:
  - { name: pay, handler_class: Pay, custom_events: [{ name: payment.made }] }
  - { name: send, handler_class: Send, depends_on_step: pay }
";

async fn payload(app: &TestApp, task: TaskId, name: &str) -> Option<Value> {
    let events = app.events(task).await;
    events.into_iter().find(|one| one.event.name == EventName::parse(name)).map(|one| one.event.payload())
}

async fn events_come_with_success_and_with_failure(place: Place) {
    let app = TestApp::start(place, SHOP).await;
    app.handler("Pay").answers([ok(json!({}))
        .publishing("payment.made", json!({"amount": 5}))
        .publishing("order.seen", json!(1))]);
    app.handler("Send").answers([permanent("lost").publishing("order.seen", json!({}))]);
    let task = app.run_task("shop", json!({})).await;
    assert_story!(app, task, @r"
    pay   pending → in_progress (payment.made) (order.seen) → complete
    send  pending → in_progress (order.seen) → error (permanent: lost)
    task  pending → in_progress → error
    ");
    assert_eq!(payload(&app, task, "payment.made").await.expect("published")["amount"], 5);
}

async fn an_undeclared_event_fails_the_step(place: Place) {
    let app = TestApp::start(place, SHOP).await;
    app.handler("Send").answers([ok(json!({})).publishing("payment.made", json!({}))]);
    let task = app.run_task("shop", json!({})).await;
    assert_story!(app, task, @r"
    pay   pending → in_progress → complete
    send  pending → in_progress → error (permanent: event payment.made is not declared: name it in the handler's custom_events() or in the template's custom_events)
    task  pending → in_progress → error
    ");
}

async fn a_handler_may_add_to_its_completion(place: Place) {
    let app = TestApp::start(place, SHOP).await;
    app.handler("Pay")
        .answers([ok(json!({})).completing_with(json!({"receipt": "r1", "step_name": "forged"}))]);
    let task = app.run_task("shop", json!({})).await;
    let told = payload(&app, task, "step.completed").await.expect("completed");
    assert_eq!((&told["receipt"], &told["step_name"]), (&json!("r1"), &json!("pay")));
}

async fn what_cannot_be_stored_fails_the_step_in_words(place: Place) {
    let app = TestApp::start(place, SHOP).await;
    app.handler("Pay").answers([ok(json!({"a": "nul \u{0}"}))]);
    let task = app.run_task("shop", json!({})).await;
    assert_story!(app, task, @r"
    pay   pending → in_progress → error (permanent: results contains the character U+0000, which can't be stored)
    send  pending
    task  pending → in_progress → error
    ");
    let deep = (0..150).fold(json!(1), |inner, _| json!([inner]));
    app.handler("Pay").answers([ok(json!({})).publishing("payment.made", deep)]);
    let task = app.run_task("shop", json!({})).await;
    assert_story!(app, task, @r"
    pay   pending → in_progress → error (permanent: the payload of payment.made is nested more than 100 levels deep)
    send  pending
    task  pending → in_progress → error
    ");
    app.handler("Pay").answers([ok(json!("x".repeat(2 << 20)))]);
    let task = app.run_task("shop", json!({})).await;
    assert_story!(app, task, @r"
    pay   pending → in_progress → error (permanent: results has 2097154 bytes, and at most 1048576 are stored)
    send  pending
    task  pending → in_progress → error
    ");
}

async fn an_attempt_publishes_only_so_much(place: Place) {
    let app = TestApp::start(place, SHOP).await;
    let many = (0..1_001).fold(ok(json!({})), |answer, no| answer.publishing("order.seen", json!(no)));
    let large = json!("x".repeat(600_000));
    let large = ok(json!({})).publishing("order.seen", large.clone()).publishing("order.seen", large);
    for (answer, why) in [
        (many, "event order.seen is one too many: an attempt publishes at most 1000"),
        (large, "the payload of order.seen has 600002 bytes, and this attempt may publish 448574 more"),
    ] {
        app.handler("Pay").answers([answer]);
        let task = app.run_task("shop", json!({})).await;
        let failure = app.step(task, "pay").await.error.expect("an error");
        assert_eq!((&*failure.message, failure.code.as_deref()), (why, Some("BAD_PAYLOAD")));
    }
}
