//! A Tasker with a handler of one's own: `cargo run --example greeter -- serve --config examples/greeter`.

use tasker::prelude::*;

struct Greet;

#[tasker::async_trait]
impl StepHandler for Greet {
    async fn process(&self, task: &TaskView, _: &Sequence, _: &StepView) -> Result<Value, StepError> {
        let name = task.context()["name"].as_str().ok_or_else(|| StepError::permanent("whom to greet?"))?;
        Ok(json!({ "greeting": format!("Hello, {name}!") }))
    }
}

fn main() -> std::process::ExitCode {
    Tasker::builder().step_handler("Greet", Greet).run()
}
