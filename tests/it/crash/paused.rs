//! A node that is stopped for longer than its lease, and wakes when others have gone on.

use sea_orm::EntityTrait;
use tasker::{data::entity::node, model::status::Status};

use super::{
    audit,
    drain::until_begun,
    home::{Home, PATIENCE},
    programs::Program,
    service::Service,
    shapes,
};
use crate::place::Place;

#[tokio::test]
async fn a_node_that_wakes_after_its_lease_writes_nothing_and_joins_again() {
    let Some(place) = Place::postgres().await else { return };
    let slow =
        |name| [shapes::work("a", &[], 700), shapes::work("b", &["a"], 5), shapes::work(name, &["b"], 5)];
    let mut templates = shapes::mixed();
    templates.push(shapes::template("slow", &slow("c")));
    templates
        .push(shapes::template("slow_once", &[shapes::once("a", &[], 700), shapes::work("b", &["a"], 5)]));
    let home = Home::new(place, &templates).set("ORCHESTRATION__LEASE_TTL", "2s");
    let paused = Service::start(&home, Program::Drill).await;
    let mut tasks = Vec::new();
    for name in ["slow", "slow", "slow_once", "sleeping", "retrying"] {
        tasks.push(paused.client.create(name).await);
    }
    until_begun(&home, 3).await;
    paused.signal("STOP").await;
    let other = Service::start(&home, Program::Drill).await;
    // The other one takes over when the lease has run out, and finishes everything.
    let before = audit::at_rest(&home, &tasks).await;
    paused.signal("CONT").await;
    until_registered(&home, 3).await;
    paused.client.until_ready().await;

    let after = audit::at_rest(&home, &tasks).await;
    assert_eq!(after.position, before.position, "what it had in hand when it slept is not written");
    for &task in &tasks[..2] {
        assert_eq!(after.case(task).task.status, Status::Complete);
    }
    tasks.push(paused.client.create("linear").await);
    audit::at_rest(&home, &tasks).await;
    for service in [paused, other] {
        assert!(service.stop().await.success());
    }
}

/// Until that many nodes have registered, dead ones included.
async fn until_registered(home: &Home, count: usize) {
    let database = home.database().await;
    let registered = async {
        while node::Entity::find().all(&database.reader).await.expect("readable").len() < count {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, registered).await.expect("the node joins again");
    database.close().await;
}
