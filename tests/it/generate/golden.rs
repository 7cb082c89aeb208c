//! What is written is what is committed.

use std::{env, fs, path::Path};

use insta::assert_snapshot;

use super::{Ground, Said, files};

/// Every generator, and each of its ways.
const COMMANDS: &[&str] = &[
    "task-handler OrderProcess --steps validate_order,process_payment,ship_order",
    "task-handler import --namespace data.nightly --version 1.2.0",
    "step-handler ChargeCard --depends-on validate_order --events payment.processed,payment.risk_flagged",
    "subscriber notification --events task.completed task.failed step.failed task.cancelled order.fulfilled payment.processed",
    "subscriber metrics --metrics",
    "authenticator company-jwt --type jwt",
    "authenticator company-api-token --type api-token",
    "authenticator company-session --type session",
    "authenticator company-oauth --type oauth",
    "authenticator CompanyCustom",
    "authorization-coordinator CompanyAuth",
];

/// Wired by a person, as "Next" asks.
const WIRED: &str = "src/main.rs";

/// Not written by the generator.
const OURS: &str = ".rustfmt.toml";

fn project() -> (Ground, Vec<Said>) {
    let ground = Ground::new();
    let mut said = vec![ground.generate("app shop --tasker ../..")];
    said.extend(COMMANDS.iter().map(|command| ground.generate(&format!("{command} --directory shop"))));
    let failed: Vec<&str> =
        said.iter().filter(|said| !said.success).map(|said| said.error.as_str()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    (ground, said)
}

/// `TASKER_UPDATE_GENERATED=1 cargo test --test it generate` writes the difference; read it before it is committed.
#[test]
fn what_is_written_is_what_is_compiled_and_tested_in_the_workspace() {
    let (ground, _) = project();
    let written = ground.path().join("shop");
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/generated");
    let update = env::var_os("TASKER_UPDATE_GENERATED").is_some();

    let mut different = Vec::new();
    for file in files(&written).into_iter().filter(|file| file != Path::new(WIRED)) {
        let now = fs::read_to_string(written.join(&file)).expect("text");
        if fs::read_to_string(committed.join(&file)).ok().as_ref() != Some(&now) {
            if update {
                fs::create_dir_all(committed.join(&file).parent().expect("a folder")).expect("made");
                fs::write(committed.join(&file), &now).expect("written");
            }
            different.push(file.display().to_string());
        }
    }
    let gone =
        files(&committed).into_iter().filter(|file| !written.join(file).exists() && file != Path::new(OURS));
    different.extend(gone.map(|file| format!("{} (not written any more)", file.display())));
    assert!(
        different.is_empty() || update,
        "tests/generated is not what the generators write; TASKER_UPDATE_GENERATED=1 mends it:\n{}",
        different.join("\n")
    );
}

/// What a person is told to add is in the program that is compiled.
#[test]
fn what_comes_next_was_done_to_the_letter() {
    let (_ground, said) = project();
    let wired = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/generated").join(WIRED));
    let wired: String = wired.expect("text").split_whitespace().collect();
    for line in said.iter().flat_map(|said| said.out.lines()) {
        let Some(code) = line.trim().strip_prefix('`').and_then(|line| line.strip_suffix('`')) else {
            continue;
        };
        // What is given to a constructor is the application's, and the last builder is answered, not named.
        let call = code.strip_prefix("let builder = ").unwrap_or(code);
        let call = call.split_once("::new(").map_or(call, |(call, _)| call);
        let call: String = call.trim_end_matches(");").split_whitespace().collect();
        let is_code = code.starts_with("mod ") || code.starts_with("let ");
        assert!(!is_code || wired.contains(&call), "{WIRED} has no `{code}`");
    }
}

#[test]
fn a_program_begins_with_a_builder_and_a_folder_of_settings() {
    let (ground, said) = project();
    let main = fs::read_to_string(ground.path().join("shop").join(WIRED)).expect("text");
    assert_snapshot!(main, @r#"
    //! Shop: Tasker with workflows of its own.

    use std::process::ExitCode;

    use tasker::app::{Builder, Tasker};

    /// Everything that this program adds to Tasker: handlers, subscribers, ways to sign in.
    fn application(builder: Builder) -> Builder {
        builder
    }

    fn main() -> ExitCode {
        application(Tasker::builder()).run()
    }
    "#);
    assert_snapshot!(said[0].out, @r#"
    wrote shop/Cargo.toml
    wrote shop/.gitignore
    wrote shop/config/tasker.yaml
    wrote shop/src/main.rs

    Next:
    1. Go there, and write a first workflow with the program itself:
       `cd shop`
       `cargo run -- generate task-handler OrderProcess --steps validate_order,process_payment,ship_order`
    2. `cargo run` starts the service and says where it listens.
    "#);
    assert_snapshot!(said[1].out, @r#"
    wrote shop/config/tasks/order_process.yaml
    wrote shop/src/order_process.rs
    wrote shop/src/order_process/tests.rs
    wrote shop/src/order_process/validate_order.rs
    wrote shop/src/order_process/process_payment.rs
    wrote shop/src/order_process/ship_order.rs

    Next:
    1. In src/main.rs (or lib.rs), add the module, and its handlers to the builder:
       `mod order_process;`
       `let builder = order_process::handlers(builder);`
    2. Say what a task is given under `schema` in config/tasks/order_process.yaml, and write its steps in src/order_process/.
    3. `cargo test order_process` runs its tests; they need `tokio` with the features `macros` and `rt`.
    "#);
}

#[test]
fn a_program_that_is_not_built_from_a_checkout_names_the_repository() {
    let ground = Ground::new();
    assert!(ground.generate("app shop").success);
    let manifest = fs::read_to_string(ground.path().join("shop/Cargo.toml")).expect("text");
    assert!(
        manifest.contains(&format!("tasker = {{ git = \"{}\" }}", env!("CARGO_PKG_REPOSITORY"))),
        "{manifest}"
    );
}

#[test]
fn a_program_inside_another_is_said_to_be_there() {
    let ground = Ground::new();
    fs::write(ground.path().join("Cargo.toml"), "[workspace]").expect("written");
    let said = ground.generate("app shop --tasker ..");
    assert!(said.success && said.out.contains("Cargo.toml is above it"), "{}", said.out);
}

#[test]
fn a_step_of_a_workflow_goes_beside_its_other_steps() {
    let ground = Ground::new();
    let said = ground.generate("step-handler NotifyWarehouse --task OrderProcess --depends-on ship_order");
    assert_snapshot!(said.out, @r#"
    wrote src/order_process/notify_warehouse.rs

    Next:
    1. In src/order_process.rs, add the module, and the handler to what `handlers` registers:
       `mod notify_warehouse;`
       `.step_handler("OrderProcess::StepHandler::NotifyWarehouseHandler", notify_warehouse::NotifyWarehouseHandler)`
    2. Under `step_templates` in config/tasks/order_process.yaml, add the step:
       - name: notify_warehouse
         depends_on_step: ship_order
         handler_class: OrderProcess::StepHandler::NotifyWarehouseHandler
    3. `cargo test notify_warehouse` runs its test; it needs `tokio` with the features `macros` and `rt`.
    "#);
    assert_eq!(ground.files(), [Path::new("src/order_process/notify_warehouse.rs")]);
}

/// The template that is written is read without a complaint, whatever was asked for.
#[test]
fn a_generated_template_has_no_mistake() {
    let ground = Ground::new();
    let words =
        ["task-handler", "Odd", "--steps", "yes,no,null_it", "--description", "a: \"b\" # c {{ d }} ${E}"];
    assert!(ground.run(&words, |_| ()).success);
    let text = fs::read_to_string(ground.path().join("config/tasks/odd.yaml")).expect("text");
    let limits = tasker::model::template::Limits::default();
    let files = [("odd.yaml".to_owned(), text)];
    let (templates, problems) =
        tasker::model::template::Templates::read(&files, "test", &|_| Some("e".into()), limits);
    assert!(problems.is_empty(), "{problems:?}");
    let odd = templates.iter().next().expect("a template");
    let names: Vec<&str> = odd.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["yes", "no", "null_it"]);
}
