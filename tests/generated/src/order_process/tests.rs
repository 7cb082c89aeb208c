use tasker::{
    app::Tasker,
    prelude::*,
    testing::{self, TestKit, ok, retry},
};

use super::handlers;

fn kit() -> TestKit {
    TestKit::of(handlers(Tasker::builder())).template_file("config/tasks/order_process.yaml")
}

/// What a task is given.
fn context() -> Value {
    json!({})
}

#[tokio::test]
async fn a_task_is_created_with_its_steps() -> testing::Result {
    let kit = kit().start().await?;
    let id = kit.create("order_process", context()).await?;
    let task = kit.task(id).await?;
    assert_eq!(task.context()["workflow"], "order_process");
    let steps: Vec<_> = task
        .steps()
        .map(|step| (step.name(), step.depends_on()))
        .collect();
    assert_eq!(
        steps,
        [
            ("validate_order", vec![]),
            ("process_payment", vec!["validate_order"]),
            ("ship_order", vec!["process_payment"]),
        ]
    );
    Ok(())
}

#[tokio::test]
async fn its_steps_run_to_the_end() -> testing::Result {
    let task = kit().start().await?.run("order_process", context()).await?;
    task.assert_complete();
    Ok(())
}

#[tokio::test]
async fn a_step_that_fails_is_tried_again() -> testing::Result {
    let class = "OrderProcess::StepHandler::ValidateOrderHandler";
    let kit = kit()
        .script(class, [retry("not now"), ok(json!({}))])
        .start()
        .await?;
    let id = kit.create("order_process", context()).await?;
    let task = kit.run_to_rest(id).await?;
    task.assert_complete();
    assert_eq!(task.step("validate_order").attempts(), 2);
    Ok(())
}
