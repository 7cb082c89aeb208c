//! {{ words }}: Tasker with workflows of its own.

use std::process::ExitCode;

use tasker::app::{Builder, Tasker};

/// Everything that this program adds to Tasker: handlers, subscribers, ways to sign in.
fn application(builder: Builder) -> Builder {
    builder
}

fn main() -> ExitCode {
    application(Tasker::builder()).run()
}
