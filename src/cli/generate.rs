//! `tasker generate`: writes the code of a workflow, a step, a subscriber or a way to sign in, with a test of each.
//!
//! What is to be written is a [`Plan`]; it is looked at as a whole before the first file is touched.

mod app;
mod authenticator;
mod coordinator;
mod name;
mod plan;
mod rustfmt;
mod step_handler;
mod subscriber;
mod task_handler;
mod text;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};

use plan::Plan;

/// What to write.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum Generate {
    /// A program of your own, in a new folder: what the others are written into.
    App(app::App),
    /// A workflow: its template, its task handler, a handler for each step, and their tests.
    TaskHandler(task_handler::TaskHandler),
    /// The handler of one step, and its test.
    StepHandler(step_handler::StepHandler),
    /// Code that is told of events, and its test.
    Subscriber(subscriber::Subscriber),
    /// A way to sign in, and its test.
    Authenticator(authenticator::Authenticator),
    /// Code that decides who may do what, in place of the policy file, and its test.
    AuthorizationCoordinator(coordinator::AuthorizationCoordinator),
}

/// Where, and how boldly.
#[derive(Debug, Clone, Args)]
struct Target {
    /// Folder of the project: that of its Cargo.toml
    #[arg(long, value_name = "DIR", default_value = ".")]
    directory: PathBuf,
    /// Overwrites what is there
    #[arg(long)]
    force: bool,
    /// Says what would be written, and writes nothing
    #[arg(long)]
    dry_run: bool,
}

impl Generate {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let (plan, target) = match self {
            Self::App(app) => app.plan()?,
            Self::TaskHandler(task) => task.plan()?,
            Self::StepHandler(step) => step.plan()?,
            Self::Subscriber(subscriber) => subscriber.plan()?,
            Self::Authenticator(authenticator) => authenticator.plan()?,
            Self::AuthorizationCoordinator(coordinator) => coordinator.plan()?,
        };
        plan.carry_out(&target)?;
        Ok(ExitCode::SUCCESS)
    }
}
