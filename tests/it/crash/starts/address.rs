//! The address comes first.

use tokio::net::TcpListener;

use super::refusal;
use crate::{
    crash::{home::Home, programs::Program, shapes},
    place::Place,
};

#[tokio::test]
async fn an_occupied_port_is_refused_before_a_database_is_created() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    let home = Home::new(Place::sqlite(), &shapes::mixed());
    let mut command = home.command(Program::Drill, "serve");
    command.args(["--database-url", "sqlite://own.db?mode=rwc", "--listen", &address.to_string()]);
    let said = refusal(command).await;
    assert!(said.contains(&format!("{address} can't be listened on")), "{said}");
    assert!(said.contains("stop what uses it, or choose another with --listen"), "{said}");
    assert!(!home.folder().join("own.db").exists());
}

#[tokio::test]
async fn an_address_beyond_this_machine_needs_to_be_meant() {
    let home = Home::new(Place::sqlite(), &[]);
    let mut command = home.command(Program::Drill, "serve");
    command.args(["--listen", "0.0.0.0:0"]);
    let said = refusal(command).await;
    assert!(said.contains("--insecure"), "{said}");
    assert!(!home.folder().join("tasker.db").exists());
}
