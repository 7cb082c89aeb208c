//! The policy as the program and an application meet it.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;
use tasker::{
    app::{Builder, Error, Tasker},
    auth::{Permission, Subject},
    config::{Config, Overrides, Variables},
};
use tempfile::TempDir;

const POLICY: &str = "\
p, role:viewer, *, tasker.task, index, allow
p, role:clerk, *, tasker.task, *, allow
p, role:clerk, bank, tasker.task, cancel, deny
g, role:clerk, role:viewer, *
p, role:guest, shop, tasker.task, index, allow
p, role:admin, *, tasker.policy, *, allow
";

fn folder(policy: &str) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    fs::create_dir(folder.path().join("authorization")).expect("a folder");
    fs::write(folder.path().join("authorization/policy.csv"), policy).expect("written");
    folder
}

fn tasker(folder: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tasker"));
    command.args(words).arg("--config").arg(folder).env_clear().output().expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn check_says_everything_and_fails() {
    let good = folder(POLICY);
    let checked = tasker(good.path(), &["permission", "check"]);
    assert!(checked.status.success());
    assert_eq!(text(&checked.stdout), "6 line(s), 4 role(s), no errors, 0 warning(s)\n");

    let bad = folder("p, role:viewer, *, tasker.task, fly, allow\ng, user:ada, role:nobody, *\n");
    fs::write(bad.path().join("authorization/model.conf"), "[matchers]\nm = true\n").expect("written");
    let refused = tasker(bad.path(), &["permission", "check"]);
    assert!(!refused.status.success());
    let said = text(&refused.stderr);
    for part in ["model.conf:1: ", "policy.csv:1: ", "policy.csv:2: ", "3 error(s), 0 warning(s)"] {
        assert!(said.contains(part), "{said}");
    }
    assert!(!tasker(bad.path(), &["permission", "table"]).status.success());
}

#[test]
fn the_table_shows_where_each_role_may_what() {
    let folder = folder(POLICY);
    let table = text(&tasker(folder.path(), &["permission", "table"]).stdout);
    let rows: Vec<&str> =
        table.lines().filter(|line| line.contains('✔') || line.starts_with("permission")).collect();
    insta::assert_snapshot!(rows.join("\n"), @r"
    permission                     admin  clerk       guest  viewer
    tasker.task:index              ✘      ✔           shop   ✔
    tasker.task:show               ✘      ✔           ✘      ✘
    tasker.task:create             ✘      ✔           ✘      ✘
    tasker.task:update             ✘      ✔           ✘      ✘
    tasker.task:cancel             ✘      ✔ but bank  ✘      ✘
    tasker.task:retry              ✘      ✔           ✘      ✘
    tasker.task:resolve            ✘      ✔           ✘      ✘
    tasker.task:destroy            ✘      ✔           ✘      ✘
    tasker.policy:update           ✔      ✘           ✘      ✘
    ");

    let clerk = tasker(folder.path(), &["permission", "table", "--json", "--role", "clerk"]);
    let clerk: Value = serde_json::from_slice(&clerk.stdout).expect("JSON");
    let cancel = clerk["roles"][0]["permissions"].as_array().expect("a list").iter();
    let cancel: Vec<&Value> = cancel.filter(|cell| cell["permission"] == "tasker.task:cancel").collect();
    assert_eq!(cancel[0]["namespaces"], serde_json::json!({ "except": ["bank"] }));

    let unknown = tasker(folder.path(), &["permission", "table", "--role", "clark"]);
    assert!(
        text(&unknown.stderr).contains("the policy has no role clark; it has admin, clerk, guest, viewer")
    );
}

#[test]
fn the_table_shows_what_each_field_needs() {
    let folder = folder(POLICY);
    let table = text(&tasker(folder.path(), &["permission", "table"]).stdout);
    let line = |field: &str| {
        let line = table.lines().find(|line| line.starts_with(&format!("{field} ")));
        line.and_then(|line| line.split_once(' ')).map(|(_, needs)| needs.trim().to_owned())
    };
    assert_eq!(line("Mutation.cancelTask").as_deref(), Some("tasker.task:cancel"));
    assert_eq!(line("TaskFilter.context").as_deref(), Some("tasker.task:show"));
    let both = "tasker.task:index and tasker.task_annotation:index";
    assert!(line("Query.tasksByAnnotation").is_none_or(|needs| needs == both));
    let table = tasker(folder.path(), &["permission", "table", "--json"]);
    let table: Value = serde_json::from_slice(&table.stdout).expect("JSON");
    assert!(
        table["fields"]
            .as_array()
            .expect("a list")
            .contains(&serde_json::json!({ "field": "Query.auditLog", "needs": ["tasker.audit:index"] }))
    );
}

#[test]
fn explain_says_what_a_document_needs_and_who_may_run_it() {
    let folder = folder(POLICY);
    let file = folder.path().join("list.graphql");
    fs::write(&file, "query List { tasks { taskId context } }").expect("written");
    let file = file.to_str().expect("a path");
    let explain =
        |words: &[&str]| tasker(folder.path(), &[&["permission", "explain"], words, &[file]].concat());
    let refused = explain(&["--subject", "ada", "--role", "viewer"]);
    assert!(!refused.status.success());
    insta::assert_snapshot!(text(&refused.stdout), @r"
    tasks                    needs tasker.task:index and tasker.task:show
    ada may not run it: FORBIDDEN You need tasker.task:show for this.
    ");
    let permitted = explain(&["--subject", "ada", "--role", "clerk", "--namespace", "shop"]);
    assert!(permitted.status.success(), "{}", text(&permitted.stderr));
    insta::assert_snapshot!(text(&permitted.stdout), @r"
    tasks                    needs tasker.task:index and tasker.task:show; held in shop
    ada may run it.
    ");
    let said: Value = serde_json::from_slice(&explain(&["--json"]).stdout).expect("JSON");
    assert_eq!((&said["permitted"], &said["refusal"]["code"]), (&false.into(), &"UNAUTHENTICATED".into()));

    let task = "0197f1a0-0000-7000-8000-000000000000";
    fs::write(file, format!("mutation {{ cancelTask(input: {{taskId: \"{task}\"}}) {{ taskId }} }}"))
        .expect("written");
    let open = explain(&["--subject", "ada", "--role", "clerk"]);
    assert!(text(&open.stdout).contains("* but bank"), "{}", text(&open.stdout));
    assert!(
        text(&open.stdout).contains(&format!("It also depends on the namespace that the task {task} is in."))
    );
    assert!(text(&open.stderr).contains("the database can't be asked where the tasks are"));
    assert!(!folder.path().join("tasker.db").exists());
    let bad = explain(&["--variables", "[1]"]);
    assert!(text(&bad.stderr).contains("--variables must be a JSON object"), "{}", text(&bad.stderr));
}

fn config(folder: &Path) -> Config {
    let mut config = Config::load(folder, &Overrides::default(), &Variables::default()).expect("settings");
    config.authorization.enabled = true;
    config.database.primary.url =
        format!("sqlite://{}?mode=rwc", folder.join("tasker.db").display()).parse().expect("an address");
    config
}

fn builder() -> Builder {
    Tasker::builder()
}

#[tokio::test]
async fn a_service_without_a_usable_policy_does_not_start() {
    let folder = folder("# nothing yet\n");
    let open = || async { builder().open(config(folder.path()), Variables::default()).await.map(drop) };
    let refused = open().await.expect_err("the policy is empty");
    assert!(matches!(&refused, Error::Policy(problems) if problems.len() == 1), "{refused}");
    fs::remove_file(folder.path().join("authorization/policy.csv")).expect("removed");
    assert!(matches!(open().await, Err(Error::Policy(_))));
    assert!(!folder.path().join("tasker.db").exists(), "nothing is touched before");
}

#[tokio::test]
async fn the_service_decides_by_its_policy() {
    let folder = folder(POLICY);
    let app = builder().open(config(folder.path()), Variables::default()).await.expect("it starts");
    let coordinator = app.authorization().expect("authorization is on");
    let guest = Subject::named("ada").with_roles(["guest"]);
    let grants = coordinator.grants(&guest).await.expect("grants");
    assert!(grants.of(Permission::TaskIndex).covers("shop", false));
    assert!(!grants.of(Permission::TaskIndex).covers("bank", false));
    drop((grants, coordinator));
    app.stop().await;
}
