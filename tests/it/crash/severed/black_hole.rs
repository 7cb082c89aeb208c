//! The server's machine is gone: connections stay open, and nothing ever comes back on them.

use tasker::model::status::Status;

use crate::{
    crash::{audit, drain::until_begun, home::Home, programs::Program, service::Service, shapes, wire::Wire},
    place::Place,
};

#[tokio::test]
async fn a_connection_that_is_silent_is_given_up_for_another() {
    let Some(place) = Place::postgres().await else { return };
    let steps = [shapes::work("a", &[], 500), shapes::work("b", &["a"], 5)];
    let home = Home::new(place, &[shapes::template("slow", &steps)]).set("ORCHESTRATION__LEASE_TTL", "3s");
    let wire = Wire::to(&home.place.url).await;
    let mut command = home.command(Program::Drill, "serve");
    command.args(["--listen", "127.0.0.1:0", "--database-url", &wire.url, "--config"]).arg(home.config());
    let service = Service::of(&home, command).await;
    let task = service.client.create("slow").await;
    until_begun(&home, 1).await;
    wire.silence();
    assert_eq!(audit::at_rest(&home, &[task]).await.case(task).task.status, Status::Complete);
    service.client.until_ready().await;
    assert!(service.stop().await.success());
}
