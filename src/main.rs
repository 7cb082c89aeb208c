//! The `tasker` program: the service with the sample handlers of `order_process`.

use std::process::ExitCode;

use tasker::{app::Tasker, samples};

fn main() -> ExitCode {
    samples::handlers(Tasker::builder()).run()
}
