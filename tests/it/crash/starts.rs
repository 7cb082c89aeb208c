//! Starts that must fail: each with exit code 1 and a sentence that says what to do, and nothing half done.

mod address;
mod configuration;
mod database;
mod subscribers;
mod templates;

use std::process::Stdio;

use tokio::{process::Command, time::timeout};

use super::home::PATIENCE;

/// What a start that is refused says.
pub async fn refusal(mut command: Command) -> String {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = timeout(PATIENCE, command.output()).await.expect("it ends").expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(printed.is_empty(), "it said that it was up: {printed}");
    assert!(!said.contains("panicked"), "{said}");
    assert_eq!(said.matches("tasker: ").count(), 1, "one complaint: {said}");
    said
}
