//! `tasker event catalog`, and declarations that can't be used.

use std::{
    fs,
    process::{Command, Output},
};

use serde_json::Value;
use tasker::{
    app::{Error, Tasker},
    config::{Config, Overrides, Variables},
    prelude::*,
};
use tempfile::TempDir;

const TEMPLATE: &str = "
name: order
namespace_name: shop
custom_events: [{ name: order.seen, description: Somebody looked }]
step_templates:
  - { name: pay, handler_class: tasker.noop, custom_events: [{ name: payment.made }, { name: order.seen }] }
";

fn folder(template: &str) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    fs::create_dir(folder.path().join("tasks")).expect("a folder");
    fs::write(folder.path().join("tasks/order.yaml"), template).expect("written");
    folder
}

fn catalog(folder: &TempDir, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tasker"));
    command.args(["event", "catalog", "--config"]).arg(folder.path()).args(words).env_clear();
    command.output().expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_catalogue_is_printed_without_a_database() {
    let folder = folder(TEMPLATE);
    let custom = catalog(&folder, &["--custom", "--namespace", "order."]);
    assert!(custom.status.success(), "{}", text(&custom.stderr));
    insta::assert_snapshot!(text(&custom.stdout), @r"
    order.seen  custom         log      Somebody looked
                by template shop/order@0.1.0, step pay of shop/order@0.1.0
    1 event(s)
    ");
    let found = catalog(&folder, &["--format", "json", "--search", "VIABLE", "--category", "workflow"]);
    let found: Value = serde_json::from_slice(&found.stdout).expect("JSON");
    assert_eq!(found.as_array().map(Vec::len), Some(1));
    assert_eq!(found[0]["name"], "workflow.viable_steps_discovered");
    assert_eq!(found[0]["examplePayload"]["step_count"], 1);
    assert_eq!(found[0]["payloadSchema"]["properties"]["step_ids"]["type"], "array");
    let all = text(&catalog(&folder, &[]).stdout);
    assert!(all.contains("payment.made") && all.ends_with("event(s)\n"), "{all}");
    let unknown = catalog(&folder, &["--category", "steps"]);
    assert!(text(&unknown.stderr).contains("possible values: task, step, workflow"), "{unknown:?}");
    assert!(!folder.path().join("tasker.db").exists());
}

#[test]
fn a_template_that_declares_what_is_no_name_is_an_error() {
    for (name, why) in [
        ("task.done", "Tasker's own events"),
        ("workflow.mine", "Tasker's own events"),
        ("Payment", "dotted lower-case words"),
        ("payment", "dotted lower-case words"),
        ("zahlung.geprüft", "dotted lower-case words"),
    ] {
        let folder = folder(&TEMPLATE.replace("payment.made", name));
        let refused = catalog(&folder, &[]);
        let said = text(&refused.stderr);
        assert!(!refused.status.success() && said.contains(why), "{name}: {said}");
        assert!(said.contains("order.yaml:6: step_templates[0].custom_events[0].name: "), "{said}");
    }
}

struct Declares(&'static str);

#[tasker::async_trait]
impl StepHandler for Declares {
    async fn process(&self, _: &TaskView, _: &Sequence, _: &StepView) -> Result<Value, StepError> {
        Ok(json!({}))
    }

    fn custom_events(&self) -> Vec<CustomEvent> {
        vec![CustomEvent { name: self.0.into(), description: "as it happens".into() }]
    }
}

#[tokio::test]
async fn a_handler_that_declares_what_is_no_name_keeps_the_service_from_starting() {
    let folder = folder(TEMPLATE);
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("tasker.db").display());
    let start = async |name| {
        let overrides = Overrides { database_url: url.parse().ok(), ..Overrides::default() };
        let variables = Variables::default();
        let config = Config::load(folder.path(), &overrides, &variables).expect("it is sound");
        Tasker::builder().step_handler("Pay", Declares(name)).open(config, variables).await
    };
    let Err(Error::Templates(problems)) = start("step.done").await.map(drop) else { panic!("it starts") };
    insta::assert_snapshot!(problems[0], @r#"handler Pay: custom_events(): the event "step.done": step.… are Tasker's own events; begin with another word"#);
    let app = start("payment.done").await.expect("it starts");
    let known = app.engine().catalogue().find("payment.done", &tasker::model::namespaces::Namespaces::ALL);
    assert_eq!(known.expect("declared").fired_by, ["handler Pay"]);
    app.stop().await;
}
