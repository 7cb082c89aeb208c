//! Settings that can't be used: all of them are named.

use super::refusal;
use crate::{
    crash::{home::Home, programs::Program},
    place::Place,
};

#[tokio::test]
async fn every_wrong_setting_is_named_with_its_file_and_what_was_meant() {
    let home = Home::new(Place::sqlite(), &[]);
    let text = "server:\n  listne: 127.0.0.1:1\norchestration:\n  lease_ttl: soon\n  max_recoveries: 5\ndatabase:\n  primary: { url: \"${NO_SUCH_ADDRESS}\" }\n";
    home.write("tasker.yaml", text);
    let said = refusal(home.command(Program::Drill, "serve")).await;
    for part in ["tasker.yaml", "listne", "listen", "lease_ttl", "soon", "NO_SUCH_ADDRESS"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!home.folder().join("tasker.db").exists());
}

#[tokio::test]
async fn a_variable_that_is_no_setting_is_refused_with_a_suggestion() {
    let home = Home::new(Place::sqlite(), &[]).set("ORCHESTRATION__LEASE_TLL", "2s");
    let said = refusal(home.serve(Program::Drill)).await;
    assert!(said.contains("TASKER__ORCHESTRATION__LEASE_TLL") && said.contains("lease_ttl"), "{said}");
}

#[tokio::test]
async fn a_file_that_is_no_yaml_is_refused() {
    let home = Home::new(Place::sqlite(), &[]);
    home.write("tasker.yaml", "server: [\n");
    let said = refusal(home.serve(Program::Drill)).await;
    assert!(said.contains("tasker.yaml") && said.contains("not valid YAML"), "{said}");
}
