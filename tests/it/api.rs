//! Steps that are HTTP calls, against a real server that does what real servers do.

mod bounds;
mod calls;
mod circuit;
mod network;
mod redirects;
mod secrets;
pub mod server;
mod traced;
mod waits;

use tasker::{config::HttpSteps, orchestration::HttpClients};

use self::server::Server;
use crate::{
    app::{Outside, TestApp},
    place::Place,
};

/// An engine whose steps may reach this machine. `SERVER` in the templates is the server's address.
async fn start(place: Place, templates: &str, server: &Server) -> TestApp {
    start_with(place, templates, server, &[], |_| ()).await
}

async fn start_with(
    place: Place,
    templates: &str,
    server: &Server,
    variables: &[(&str, &str)],
    set: impl FnOnce(&mut HttpSteps),
) -> TestApp {
    let outside = outside(variables, set);
    TestApp::outside(place, &templates.replace("SERVER", &server.url), outside, |_| ()).await
}

fn outside(variables: &[(&str, &str)], set: impl FnOnce(&mut HttpSteps)) -> Outside {
    let mut settings = HttpSteps { allow_private_networks: true, ..HttpSteps::default() };
    set(&mut settings);
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let http = HttpClients::open(&settings, None).expect("no file is read");
    Outside { http, variables, ..Outside::default() }
}

/// What the step's last failure says, with its code.
async fn failure(app: &TestApp, task: tasker::model::id::TaskId, step: &str) -> (String, String) {
    let error = app.step(task, step).await.error.expect("it failed");
    (error.code.unwrap_or_default(), error.message)
}

/// Waits, in real time, until something is so.
async fn until(what: &str, is_so: impl Fn() -> bool) {
    let wait = async {
        while !is_so() {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(crate::app::PATIENCE, wait)
        .await
        .unwrap_or_else(|_| panic!("waited in vain: {what}"));
}
