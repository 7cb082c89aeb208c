//! HTTP steps in an application's tests: scripted, or asking a server of the test.

use async_trait::async_trait;
use tasker::{
    prelude::*,
    testing::{self, TestKit, ok, retry},
};

use crate::api::server::{Server, json as answer};

const STOCK: &str = "
name: stock
step_templates:
  - name: fetch
    handler_class: FetchInventory
    handler_config: { type: api, url: 'SERVER/items/{{ context.sku }}' }
";

const TWO: &str = "
name: two
step_templates:
  - { name: ask, handler_config: { type: api, url: 'https://example.com/' } }
  - { name: tell, depends_on_step: ask, handler_config: { type: api, url: 'https://example.com/{{ results.ask.id }}' } }
";

struct FetchInventory;

#[async_trait]
impl StepHandler for FetchInventory {
    async fn process(&self, _: &TaskView, _: &Sequence, _: &StepView) -> Result<Value, StepError> {
        unreachable!("the template's call is made instead")
    }

    async fn process_results(&self, _: &StepView, answer: Value) -> Result<Value, StepError> {
        let levels = answer["body"]["levels"].as_object().ok_or_else(|| StepError::permanent("no levels"))?;
        Ok(json!({ "available": levels.values().all(|level| level.as_u64() > Some(0)), "levels": levels }))
    }
}

#[tokio::test]
async fn a_call_reaches_a_server_of_the_test() -> testing::Result {
    let running = Server::always(answer(200, &json!({ "levels": { "a/b": 3 } }))).await;
    let server = running.url.clone();
    let kit = TestKit::new()
        .template(&STOCK.replace("SERVER", &server))
        .http_steps(|http| http.allow_private_networks = true);
    let kit = kit.step_handler("FetchInventory", FetchInventory).start().await?;
    let order = kit.run("stock", json!({ "sku": "a/b" })).await?;
    assert_eq!(order.step("fetch").results(), &json!({ "available": true, "levels": { "a/b": 3 } }));
    assert_eq!(running.seen()[0].target, "/items/a%2Fb");
    Ok(())
}

#[tokio::test]
async fn a_script_stands_in_for_a_call() -> testing::Result {
    let kit = TestKit::new().template(TWO).script("ask", [retry("busy"), ok(json!({ "id": 1 }))]);
    let kit = kit.others_succeed().start().await?;
    let task = kit.run("two", json!({})).await?.id();
    kit.advance_secs(1.0).await?;
    kit.task(task).await?.assert_complete();
    assert_eq!(kit.calls().iter().map(|call| call.step.as_str()).collect::<Vec<_>>(), ["ask", "ask", "tell"]);

    // Also where a class is registered that would look at the answer.
    let kit = TestKit::new().template(STOCK).step_handler("FetchInventory", FetchInventory);
    let kit = kit.script("FetchInventory", [ok(json!({ "available": false }))]).start().await?;
    let order = kit.run("stock", json!({})).await?;
    assert_eq!(order.step("fetch").results(), &json!({ "available": false }));
    Ok(())
}
