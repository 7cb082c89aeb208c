//! Two engines on one database.

use sea_orm::ConnectionTrait;
use tasker::model::status::Status;

use super::{
    audit, drain::until_begun, home::Home, programs::Program, service::Service, shapes, starts::refusal,
};
use crate::place::Place;

#[tokio::test]
async fn a_second_engine_on_a_sqlite_file_is_refused_and_the_first_goes_on() {
    let home = Home::new(Place::sqlite(), &shapes::mixed());
    let service = Service::start(&home, Program::Drill).await;
    let complaint = refusal(home.serve(Program::Drill)).await;
    assert!(complaint.contains("is in use by another tasker; stop it, or give this one"), "{complaint}");
    let task = service.client.create("linear").await;
    assert_eq!(audit::at_rest(&home, &[task]).await.case(task).task.status, Status::Complete);
    assert!(service.stop().await.success());
}

/// It is the file that is in use, whatever it is called.
#[cfg(unix)]
#[tokio::test]
async fn a_file_in_use_is_refused_by_any_name_and_not_migrated() {
    let home = Home::new(Place::sqlite(), &shapes::mixed());
    let service = Service::start(&home, Program::Drill).await;
    let file = home.place.url.trim_start_matches("sqlite://").trim_end_matches("?mode=rwc");
    std::os::unix::fs::symlink(file, home.folder().join("link.db")).expect("a link");
    for (verb, url) in [
        ("serve", "sqlite://link.db"),
        ("serve", &*format!("sqlite://{}", file.replace('/', "//"))),
        ("migrate", &*home.place.url),
    ] {
        let mut command = home.command(Program::Drill, verb);
        command.args(["--database-url", url, "--config"]).arg(home.config());
        if verb == "serve" {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        let complaint = refusal(command).await;
        assert!(complaint.contains("is in use by another tasker"), "{verb} {url}: {complaint}");
    }
    assert!(service.stop().await.success());
}

/// An engine whose file has another one now does not go on as if nothing were.
#[tokio::test]
async fn an_engine_that_was_taken_over_ends_with_a_sentence() {
    let home = Home::new(Place::sqlite(), &shapes::mixed());
    let service = Service::start(&home, Program::Drill).await;
    let database = home.database().await;
    let taken = database.upkeep.execute_unprepared("UPDATE tasker_nodes SET epoch = epoch + 1").await;
    taken.expect("the other one takes over");
    assert_eq!(service.client.try_create("linear", serde_json::json!({})).await, None);
    let log = service.log_file();
    assert_eq!(service.end().await.code(), Some(1));
    let said = std::fs::read_to_string(log).expect("a log");
    assert!(
        said.contains("tasker: another program has taken over the database file; the service ends"),
        "{said}"
    );
    database.close().await;
}

#[tokio::test]
async fn on_postgresql_another_node_takes_over_what_a_dead_one_ran() {
    let Some(place) = Place::postgres().await else { return };
    let steps = [shapes::work("a", &[], 300), shapes::work("b", &["a"], 300), shapes::work("c", &["b"], 300)];
    let mut templates = shapes::mixed();
    templates.push(shapes::template("slow", &steps));
    let home = Home::new(place, &templates).set("ORCHESTRATION__LEASE_TTL", "2s");
    let [first, second] =
        [Service::start(&home, Program::Drill).await, Service::start(&home, Program::Drill).await];
    let mut tasks = Vec::new();
    for name in ["slow", "slow", "once", "sleeping", "retrying"] {
        tasks.push(first.client.create(name).await);
    }
    let elsewhere = second.client.create("linear").await;
    until_begun(&home, 2).await;
    let (dead, alive) = (first.pid(), second.pid());
    first.kill().await;

    tasks.push(elsewhere);
    let history = audit::at_rest(&home, &tasks).await;
    for &task in &tasks[..2] {
        let case = history.case(task);
        assert_eq!(case.task.status, Status::Complete);
        let by = |name: &str| {
            let step = case.step(name).id;
            history.ledger.begins().filter(|line| line.step == step).map(|line| line.pid).collect::<Vec<_>>()
        };
        assert_eq!(by("a").first(), Some(&dead), "the node that took the request has started it");
        assert_eq!(by("c"), [alive], "the other one has finished it");
    }
    assert!(second.stop().await.success());
}
