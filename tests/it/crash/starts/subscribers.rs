//! `subscribers.yaml` with mistakes, and the commands that look at it.

use super::refusal;
use crate::{
    crash::{home::Home, programs::Program, service::Service},
    place::Place,
    subscribers::{
        hooks::{PATIENCE, hook},
        receiver::{Answer, Receiver},
    },
};

#[tokio::test]
async fn a_subscriber_that_can_not_be_read_keeps_the_service_from_starting() {
    let home = Home::new(Place::sqlite(), &[]);
    home.write("subscribers.yaml", "subscribers:\n- { name: a, type: webhok, url: 'http://hunter2' }\n");
    let said = refusal(home.serve(Program::Tasker)).await;
    for part in ["subscribers.yaml:2", "subscribers[0].type", "did you mean webhook?"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("hunter2"), "{said}");
}

#[tokio::test]
async fn the_commands_say_what_is_wrong_and_how_far_a_webhook_has_got() {
    let home = Home::new(Place::sqlite(), &[]);
    let command = |what: &str| {
        let mut command = home.command(Program::Tasker, "subscriber");
        command.args([what, "--database-url", &home.place.url, "--config"]).arg(home.config());
        command
    };
    home.write("subscribers.yaml", "subscribers:\n- { name: a, type: log, events: [task.complete] }\n");
    let checked = command("check").output().await.expect("it runs");
    assert!(checked.status.success());
    let said = String::from_utf8_lossy(&checked.stderr).into_owned();
    assert!(
        said.contains(":2: subscribers[0].events[0]: warning:") && said.contains("task.completed?"),
        "{said}"
    );
    home.write("subscribers.yaml", "subscribers:\n- { name: a, type: log, evnts: [] }\n");
    assert!(!command("check").output().await.expect("it runs").status.success());

    let receiver = Receiver::start(|_, _| Answer::Refuse(422)).await;
    home.write("subscribers.yaml", &hook(&receiver.url, "  park_after: 1\n  give_up_after: 1ms\n"));
    home.write("tasks/one.yaml", "name: one\nstep_templates: [{ name: a, handler_class: tasker.noop }]\n");
    let service = Service::start(&home, Program::Tasker).await;
    service.client.create("one").await;
    receiver.until_tried(6, PATIENCE).await;
    assert!(service.stop().await.success());
    let listed = command("list").output().await.expect("it runs");
    let said = String::from_utf8_lossy(&listed.stdout).into_owned();
    for part in ["webhook  *", "delivered by nobody", "task.created of task", "422"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let mut forget = command("forget");
    let forgotten = forget.arg("hook").output().await.expect("it runs");
    assert!(forgotten.status.success(), "{}", String::from_utf8_lossy(&forgotten.stderr));
    let again = command("forget").arg("hook").output().await.expect("it runs");
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(!again.status.success() && said.contains("take it out of subscribers.yaml"), "{said}");
}
