//! `tasker permission`: the policy, without starting anything.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::Place;
use crate::{
    auth::{
        Policy, PolicyFiles,
        policy::{Problem, Table},
    },
    config::{Overrides, Variables},
};

/// What to do with it.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum Permission {
    /// Reports every mistake with file and line; fails when there is one.
    Check(Place),
    /// Prints what each role may do, and in which namespaces
    Table(Show),
}

/// What to print.
#[derive(Debug, Clone, Args)]
pub(super) struct Show {
    #[command(flatten)]
    place: Place,
    /// Only this role; may be given several times
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    /// As JSON: for each role its permissions, each `only` in these namespaces or everywhere `except` in these
    #[arg(long)]
    json: bool,
}

impl Permission {
    pub(super) fn run(self, variables: &Variables) -> anyhow::Result<ExitCode> {
        let place = match &self {
            Self::Check(place) => place,
            Self::Table(show) => &show.place,
        };
        let config = place.load(Overrides::default(), variables)?;
        let (policy, model) = config.policy_files();
        match Policy::load(&PolicyFiles { policy, model }) {
            Ok(policy) => match self {
                Self::Check(_) => Ok(checked(&policy)),
                Self::Table(show) => show.print(&policy),
            },
            Err(problems) => {
                complain(&problems);
                let errors = problems.iter().filter(|problem| problem.is_error()).count();
                eprintln!("{errors} error(s), {} warning(s)", problems.len() - errors);
                Ok(ExitCode::FAILURE)
            }
        }
    }
}

impl Show {
    fn print(self, policy: &Policy) -> anyhow::Result<ExitCode> {
        let unknown = self.roles.iter().find(|role| !policy.roles().any(|known| known == *role));
        if let Some(role) = unknown {
            let known = policy.roles().collect::<Vec<_>>().join(", ");
            anyhow::bail!("the policy has no role {role}; it has {known}");
        }
        let table = Table::of(policy, &self.roles);
        if self.json {
            println!("{}", serde_json::to_string_pretty(&table)?);
        } else {
            print!("{table}");
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn checked(policy: &Policy) -> ExitCode {
    complain(policy.warnings());
    let (lines, roles) = (policy.lines(), policy.roles().count());
    println!("{lines} line(s), {roles} role(s), no errors, {} warning(s)", policy.warnings().len());
    ExitCode::SUCCESS
}

fn complain(problems: &[Problem]) {
    problems.iter().for_each(|problem| eprintln!("{problem}"));
}
