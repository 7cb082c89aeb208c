//! What a test's author reads when something is not as they thought.

use std::time::Duration;

use insta::assert_snapshot;
use tasker::{
    prelude::*,
    testing::{self, TestKit, ok},
};

const TWO: &str = "
name: two
schema: { type: object, required: [order_id], properties: { order_id: { type: integer } } }
step_templates:
  - { name: pay, handler_class: Pay }
  - { name: send, handler_class: Send, depends_on_step: pay }
";

async fn refused(kit: TestKit) -> String {
    format!("{:?}", kit.start().await.err().expect("it does not start"))
}

#[tokio::test]
async fn every_mistake_of_every_template_is_said_at_once() {
    let kit = TestKit::new()
        .template("name: a\nstep_templates:\n  - { name: x, handler_class: X, depends_on_step: y }\n  - { name: x }")
        .template("name: b\nstep_template: []\nstep_templates: [{ name: k, handler_class: K, handler_config: { key: '${NO}' } }]");
    assert_snapshot!(refused(kit).await, @r#"
    5 template problem(s):
      template:3: step_templates[0].depends_on_step: there is no step "y"
      template:4: step_templates[1].name: the step "x" is already there in line 3
      template:4: step_templates[1]: needs a handler_class, or a handler_config with a type
      template 2:2: step_template: unknown key; did you mean step_templates?
      template 2:3: step_templates[0].handler_config.key: the variable NO is not defined; define it, or give a default: ${NO:-…}
    "#);
}

#[tokio::test]
async fn a_file_that_is_not_there_is_said_with_where_the_test_runs() {
    let said = refused(TestKit::new().template_file("config/tasks/none.yaml").templates("nowhere")).await;
    assert!(said.contains("config/tasks/none.yaml: the file can't be read"), "{said}");
    assert!(said.contains("nowhere: there is no such folder; this test runs in /"), "{said}");
}

#[tokio::test]
async fn a_script_that_nothing_would_ask_is_refused() {
    let said = refused(TestKit::new().template(TWO).script("Pya", [ok(json!({}))])).await;
    assert_snapshot!(said, @r#"the script is of no use: no step has the handler_class "Pya"; there are Pay, Send"#);
    let sleeper = "name: s\nstep_templates: [{ name: nap, handler_class: tasker.sleep, handler_config: { seconds: 1 } }]";
    let said = refused(TestKit::new().template(sleeper).script("tasker.sleep", [ok(json!({}))])).await;
    assert_snapshot!(said, @"the script is of no use: tasker.sleep is the engine's own and needs no script: move the clock instead");
}

#[tokio::test]
async fn a_context_that_does_not_fit_is_said_with_every_violation() -> testing::Result {
    let kit = TestKit::new().template(TWO).start().await?;
    let refused = kit.create("two", json!({ "order_id": "one" })).await.expect_err("it does not fit");
    assert_eq!(refused.violations()[0].pointer, "/order_id");
    assert_snapshot!(format!("{refused:?}"), @r#"
    the context breaks 1 rule(s):
      /order_id: "one" is not of type "integer"
    "#);
    let unknown = kit.create("tow", json!({})).await.expect_err("there is none");
    assert_snapshot!(format!("{unknown:?}"), @"there is no template default/tow; there is default/two@0.1.0");
    Ok(())
}

#[tokio::test]
async fn an_attempt_that_the_script_does_not_know_fails() -> testing::Result {
    let kit = TestKit::new().template(TWO).script("Pay", []).start().await?;
    let two = kit.run("two", json!({ "order_id": 1 })).await?;
    assert_snapshot!(two.story(), @r#"
    pay   pending → in_progress → error (permanent: the script of Pay has no answer for attempt 1 of step pay: give it one, or end it with .always())
    send  pending
    task  pending → in_progress → error
    "#);
    Ok(())
}

struct Forever;

#[tasker::async_trait]
impl StepHandler for Forever {
    async fn process(&self, _: &TaskView, _: &Sequence, _: &StepView) -> Result<Value, StepError> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_handler_that_never_ends_is_named() -> testing::Result {
    let kit = TestKit::new().template(TWO).step_handler("Pay", Forever).patience(Duration::from_secs(1));
    let kit = kit.start().await?;
    let restless = kit.run("two", json!({ "order_id": 1 })).await.expect_err("it never rests");
    assert_snapshot!(format!("{restless:?}"), @r#"
    the engine has not come to rest within 1s: step pay (attempt 1)
    A handler that waits for the world outside may never end in a test: script it, let a script that hangs go, or give the kit more patience.
    "#);
    Ok(())
}

#[tokio::test]
#[should_panic(expected = "the task is in_progress, not complete:\npay   pending (waits for a worker)")]
async fn a_task_that_should_be_complete_tells_its_story() {
    let kit = TestKit::new().template(TWO).start().await.expect("it starts");
    kit.run("two", json!({ "order_id": 1 })).await.expect("it runs").assert_complete();
}

#[tokio::test]
#[should_panic(expected = "the task has no step \"play\"; it has pay, send")]
async fn a_step_that_is_not_there_is_said_with_those_that_are() {
    let kit = TestKit::new().template(TWO).start().await.expect("it starts");
    kit.run("two", json!({ "order_id": 1 })).await.expect("it runs").step("play");
}
