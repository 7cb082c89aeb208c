//! The first minutes with the program, and with one's own.

use std::{fs, path::Path, time::Duration};

use serde_json::Value;
use tokio::process::Command;

use super::{
    audit,
    home::{Home, PATIENCE},
    programs::Program,
    service::Service,
};
use crate::place::Place;

#[tokio::test]
async fn what_the_banner_says_works() {
    let home = Home::new(Place::sqlite(), &[]);
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config"), &home.config());
    let mut command = home.command(Program::Tasker, "serve");
    command.args(["--listen", "127.0.0.1:0"]);
    let service = Service::of(&home, command).await;
    let line = tokio::time::timeout(PATIENCE, curl(&service)).await.expect("a line to paste");
    let banner = service.printed();
    let address = &service.address;
    assert!(banner.contains(&format!("playground  {address}/graphiql")), "{banner}");
    assert!(
        banner.contains("sqlite://tasker.db") && banner.contains("default/order_process@0.1.0"),
        "{banner}"
    );
    let page = service.client.get("/graphiql").await.expect("an answer");
    assert!(page.status().is_success());

    let pasted = Command::new("sh").args(["-c", &line]).output().await.expect("a shell");
    let answer: Value =
        serde_json::from_slice(&pasted.stdout).unwrap_or_else(|_| panic!("{line}: {pasted:?}"));
    let task = &answer["data"]["createTask"];
    assert!(task["taskId"].is_string(), "{answer}");
    until_complete(&service, task["taskId"].as_str().expect("an id")).await;
    assert!(home.folder().join("tasker.db").exists(), "where the banner says");
    assert!(service.stop().await.success());
}

#[tokio::test]
async fn the_example_of_ones_own_handler_runs() {
    let home = Home::new(Place::sqlite(), &[]);
    let mut command = home.command(Program::Greeter, "serve");
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/greeter");
    command.args(["--listen", "127.0.0.1:0", "--database-url", &home.place.url, "--config"]).arg(config);
    let service = Service::of(&home, command).await;
    let context = serde_json::json!({ "name": "Ada" });
    let task = service.client.try_create("greet", context).await.expect("a task");
    let history = audit::at_rest(&home, &[task]).await;
    let results = history.case(task).step("greet").results.as_ref().expect("results");
    assert_eq!(results["greeting"], "Hello, Ada!");
    assert!(service.stop().await.success());
}

/// The line of the banner that creates a task.
async fn curl(service: &Service) -> String {
    loop {
        let banner = service.printed();
        if let Some(line) = banner.lines().find(|line| line.contains("createTask")) {
            return line.trim().to_owned();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn until_complete(service: &Service, task: &str) {
    let query = "query ($id: ID!) { task(taskId: $id) { status } }";
    let complete = async {
        while service.client.run(query, serde_json::json!({ "id": task })).await["task"]["status"]
            != "COMPLETE"
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, complete).await.expect("it completes");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let own = to.join(path.file_name().expect("a name"));
        if path.is_dir() { copy(&path, &own) } else { fs::copy(&path, &own).map(drop).expect("a copy") }
    }
}
