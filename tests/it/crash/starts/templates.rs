//! Templates with mistakes: every mistake of every file, and no database.

use serde_json::Value;

use super::refusal;
use crate::{
    crash::{home::Home, programs::Program, shapes},
    place::Place,
};

const BROKEN: &str = "name: broken
step_templates:
  - name: a
    handler_class: Work
    depends_on_step: nobody
  - name: b
    handler_class: Work
    depends_on_step: c
  - name: c
    handler_class: Work
    depends_on_step: b
  - name: d
    handler_clas: Work
  - name: e
    handler_class: tasker.nope
  - name: f
    handler_class: Work
    handler_config: { key: \"${NO_SUCH_VARIABLE}\" }
";

#[tokio::test]
async fn every_mistake_is_named_and_nothing_is_created() {
    let home = Home::new(Place::sqlite(), &shapes::mixed());
    home.write("tasks/broken.yaml", BROKEN);
    home.write("tasks/torn.yaml", "name: [\n");
    let mut command = home.command(Program::Drill, "serve");
    command.args(["--listen", "127.0.0.1:0"]);
    let said = refusal(command).await;
    for part in [
        "broken.yaml:5",
        "nobody",
        "handler_clas",
        "handler_class",
        "tasker.nope",
        "NO_SUCH_VARIABLE",
        "torn.yaml",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(said.contains("nothing is started until they are mended"), "{said}");
    assert!(!home.folder().join("tasker.db").exists());
}

/// Not together with the mistakes above: a graph is looked at when its steps can be read.
#[tokio::test]
async fn a_cycle_is_drawn() {
    let home = Home::new(Place::sqlite(), &[]);
    let steps: Vec<Value> =
        [("a", "c"), ("b", "a"), ("c", "b")].map(|(name, after)| shapes::work(name, &[after], 1)).into();
    home.write("tasks/ring.yaml", &shapes::template("ring", &steps).to_string());
    let said = refusal(home.serve(Program::Drill)).await;
    assert!(said.contains("ring.yaml") && said.contains("a cycle: a -> b -> c -> a"), "{said}");
}

#[tokio::test]
async fn more_steps_than_the_limit_are_refused() {
    let home = Home::new(Place::sqlite(), &[]).set("TEMPLATES__MAX_STEPS", "100");
    let steps: Vec<Value> = (0..101).map(|no| shapes::work(&format!("s{no}"), &[], 0)).collect();
    home.write("tasks/large.yaml", &shapes::template("large", &steps).to_string());
    let said = refusal(home.serve(Program::Drill)).await;
    assert!(said.contains("large.yaml") && said.contains("101") && said.contains("100"), "{said}");
}
