//! `tasker permission`: the policy, without starting anything.

mod explain;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;

use super::Place;
use crate::{
    auth::{
        Policy, PolicyFiles,
        policy::{Problem, Table},
    },
    config::{Overrides, Variables},
    graphql, rest,
};

/// What to do with it.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum Permission {
    /// Reports every mistake with file and line; fails when there is one.
    Check(Place),
    /// Prints what each role may do, and in which namespaces; then what each field and each REST route needs
    Table(Show),
    /// Says what a document needs, and whether somebody may run it; fails where the gate would refuse it
    Explain(explain::Explain),
}

/// What to print.
#[derive(Debug, Clone, Args)]
pub(super) struct Show {
    #[command(flatten)]
    place: Place,
    /// Only this role; may be given several times
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    /// As JSON: for each role its permissions, each `only` in these namespaces or everywhere `except` in these, and
    /// for each field and each REST route what it needs
    #[arg(long)]
    json: bool,
}

impl Permission {
    pub(super) async fn run(self, variables: &Variables) -> anyhow::Result<ExitCode> {
        let place = match &self {
            Self::Check(place) => place,
            Self::Table(show) => &show.place,
            Self::Explain(explain) => explain.place(),
        };
        let config = place.load(Overrides::of_tool(), variables)?;
        let (policy, model) = config.policy_files();
        match Policy::load(&PolicyFiles { policy, model }) {
            Ok(policy) => match self {
                Self::Check(_) => Ok(checked(&policy)),
                Self::Table(show) => show.print(&policy),
                Self::Explain(explain) => explain.run(&config).await,
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
        let roles = Table::of(policy, &self.roles);
        let fields = graphql::gate::Requirements::from_sdl(&graphql::schema::sdl())?.table();
        let routes = rest::Routes::from_sdl(&graphql::schema::sdl())?.table();
        if self.json {
            let mut printed = serde_json::to_value(&roles)?;
            let fields = fields.iter().map(|(field, needs)| json!({ "field": field, "needs": needs }));
            printed["fields"] = fields.collect();
            let routes = routes.iter().map(|(route, needs)| json!({ "route": route, "needs": needs }));
            printed["routes"] = routes.collect();
            say!("{}", serde_json::to_string_pretty(&printed)?);
            return Ok(ExitCode::SUCCESS);
        }
        say!("{roles}");
        for (what, table) in [("field", fields), ("route", routes)] {
            let width = table.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
            say!("{what:<width$}  needs");
            for (name, needs) in table {
                say!("{name:<width$}  {}", needs.join(" and "));
            }
            say!("");
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn checked(policy: &Policy) -> ExitCode {
    complain(policy.warnings());
    let (lines, roles) = (policy.lines(), policy.roles().count());
    say!("{lines} line(s), {roles} role(s), no errors, {} warning(s)", policy.warnings().len());
    ExitCode::SUCCESS
}

fn complain(problems: &[Problem]) {
    problems.iter().for_each(|problem| eprintln!("{problem}"));
}
