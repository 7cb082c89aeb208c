//! Two engines on one database.

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
