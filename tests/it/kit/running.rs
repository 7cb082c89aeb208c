//! Whole tasks, by a clock that is moved by hand.

use std::time::Duration;

use tasker::{
    model::status::Status,
    orchestration::TaskRequest,
    prelude::*,
    testing::{self, TestKit, computed, hangs, ok, panics, permanent, retry, retry_after},
};

/// A payment, then a letter.
const ORDER: &str = "
name: order
step_templates:
  - name: pay
    handler_class: Pay
    custom_events: [{ name: payment.processed, description: Money came in }]
  - { name: send, handler_class: Send, depends_on_step: pay }
";

#[tokio::test]
async fn a_failed_step_waits_for_its_retry_and_the_task_completes() -> testing::Result {
    let kit =
        TestKit::new().template(ORDER).script("Pay", [retry("network down"), ok(json!({ "paid": true }))]);
    let kit = kit.others_succeed().start().await?;
    let task = kit.create("order", json!({ "order_id": 1 })).await?;

    kit.run_until_idle().await?;
    assert_eq!(
        kit.story(task).await?,
        "pay   pending → in_progress → pending (retryable: network down) (again in 1.0 s)
         send  pending
         task  pending → in_progress"
    );

    kit.advance(Duration::from_millis(999)).await?;
    assert_eq!(kit.task(task).await?.step("pay").attempts(), 1, "it is not due yet");

    kit.advance(Duration::from_millis(1)).await?;
    let order = kit.task(task).await?;
    order.assert_complete();
    assert_eq!(order.step("pay").results(), &json!({ "paid": true }));
    assert_eq!(
        order.story(),
        "pay   pending → in_progress → pending (retryable: network down) (again in 1.0 s) → in_progress → complete
         send  pending → in_progress → complete
         task  pending → in_progress → complete"
    );
    Ok(())
}

#[tokio::test]
async fn what_scripts_publish_and_leave_is_in_the_task() -> testing::Result {
    let paid = ok(json!({}))
        .publishing("payment.processed", json!({ "amount": 3 }))
        .completing_with(json!({ "by": "card" }));
    let read = computed(|task, sequence, _| {
        Ok(json!({ "to": task.context()["to"], "paid": sequence.find_step_by_name("pay").is_some() }))
    });
    let kit = TestKit::new().template(ORDER).script("Pay", [paid]).script("Send", [read]).start().await?;
    let order = kit.run("order", json!({ "to": "ada" })).await?;

    assert_eq!(order.published("payment.processed"), [json!({ "amount": 3 })]);
    assert_eq!(order.step("pay").published("step.completed")[0]["by"], "card");
    assert_eq!(order.step("send").results(), &json!({ "to": "ada", "paid": true }));
    assert_eq!(order.event_names()[..2], ["task.created", "task.started"]);
    Ok(())
}

#[tokio::test]
async fn an_operator_retries_resolves_and_cancels() -> testing::Result {
    let kit = TestKit::new().template(ORDER).subject(Subject::named("ada"));
    let kit =
        kit.script("Pay", [permanent("no money"), panics("oh"), hangs()]).others_succeed().start().await?;

    let task = kit.run("order", json!({})).await?.id();
    kit.task(task).await?.assert_status(Status::Error);
    assert_eq!(
        kit.task(task).await?.step("pay").error().map(|error| error.message.as_str()),
        Some("no money")
    );
    kit.resolve_step(task, "pay", json!({ "paid": "cash" })).await?;
    let order = kit.task(task).await?;
    order.assert_complete();
    assert_eq!(
        order.story(),
        "pay   pending → in_progress → error (permanent: no money) → resolved_manually by ada
         send  pending → in_progress → complete
         task  pending by ada → in_progress → error → in_progress by ada → complete"
    );

    let task = kit.run("order", json!({})).await?.id();
    kit.retry_step(task, "pay").await?;
    assert_eq!(kit.calls().last().map(|call| (call.attempt, call.told)), Some((2, false)), "it hangs now");
    kit.cancel(task).await?;
    kit.task(task).await?.assert_status(Status::Cancelled);
    assert!(kit.calls().iter().any(|call| call.attempt == 2 && call.told), "the handler was told");

    let refused = kit.retry(task).await.expect_err("it is settled");
    assert_eq!(refused.to_string(), "the task is cancelled; retry_task is not possible");
    kit.delete(task).await?;
    assert!(matches!(kit.task(task).await, Err(testing::Error::UnknownTask(gone)) if gone == task));
    Ok(())
}

#[tokio::test]
async fn the_clock_goes_from_wait_to_wait_until_the_task_rests() -> testing::Result {
    let template = "
name: patient
delay_seconds: 3600
step_templates:
  - { name: nap, handler_class: tasker.sleep, handler_config: { seconds: 86400 } }
  - { name: ask, handler_class: Ask, depends_on_step: nap }
  - { name: remote, handler_class: Elsewhere, depends_on_step: ask }
";
    let busy = retry_after("busy", Duration::from_secs(600));
    let kit = TestKit::new().template(template).script("Ask", [busy, ok(json!({}))]).start().await?;
    let (began, task) = (kit.now(), kit.create("patient", json!({})).await?);
    let rests = kit.run_to_rest(task).await?;
    assert_eq!(kit.now().since(began), Duration::from_secs(3_600 + 86_400 + 600));
    assert!(rests.step("remote").waits_for_worker(), "{rests:?}");
    Ok(())
}

#[tokio::test]
async fn what_ran_when_the_process_died_is_tried_again() -> testing::Result {
    let kit = TestKit::new().template(ORDER).script("Pay", [hangs(), ok(json!({}))]).others_succeed();
    let mut kit = kit.start().await?;
    let task = kit.create("order", json!({})).await?;
    kit.run_until_idle().await?;

    kit.crash().await?;
    kit.task(task).await?.assert_complete();
    assert_eq!(kit.calls().iter().filter(|call| call.class == "Pay").count(), 2);
    Ok(())
}

#[tokio::test]
async fn variables_and_environments_are_the_tests_own() -> testing::Result {
    let template = "
name: keyed
step_templates: [{ name: call, handler_class: Call, handler_config: { key: '${API_KEY}', mode: real } }]
environments: { test: { step_templates: [{ name: call, handler_config: { mode: fake } }] } }
";
    let show = computed(|_, _, step| Ok(step.handler_config().clone()));
    let kit = TestKit::new().template(template).variable("API_KEY", "k").script("Call", [show.always()]);
    let seen = kit.clone().start().await?.run("keyed", json!({})).await?;
    assert_eq!(seen.step("call").results(), &json!({ "key": "k", "mode": "fake" }));
    let seen = kit.environment("production").start().await?.run("keyed", json!({})).await?;
    assert_eq!(seen.step("call").results()["mode"], "real");
    Ok(())
}

#[tokio::test]
async fn a_repeated_request_is_the_first_task() -> testing::Result {
    let kit = TestKit::new().template(ORDER).others_succeed().start().await?;
    let request =
        TaskRequest { idempotency_key: Some("once".into()), ..TaskRequest::new("order", json!({})) };
    assert_eq!(kit.request(request.clone()).await?, kit.request(request).await?);
    Ok(())
}
