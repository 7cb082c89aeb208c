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
