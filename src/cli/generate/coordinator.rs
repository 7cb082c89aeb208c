//! `tasker generate authorization-coordinator`: who may do what, decided by an application.

use clap::Args;
use minijinja::context;

use super::{Plan, Target, name::Name, text::fill};

/// What it is called.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct AuthorizationCoordinator {
    /// Name of the coordinator, as in CompanyAuth
    name: String,
    #[command(flatten)]
    target: Target,
}

impl AuthorizationCoordinator {
    pub(super) fn plan(self) -> anyhow::Result<(Plan, Target)> {
        let name = Name::parse("an authorization coordinator", &self.name)?;
        let module = name.module("coordinator");
        let coordinator = name.with_ending("an authorization coordinator", "Coordinator")?;
        let mut plan = Plan::default();
        plan.file(format!("src/{module}.rs"), fill("coordinator.rs", context! { coordinator })?);
        plan.next(format!(
            "In src/main.rs (or lib.rs), add the module, and the coordinator to the builder:\n`mod \
             {module};`\n`let builder = builder.authorization({module}::{coordinator}::default());`"
        ));
        plan.next("In config/tasker.yaml, set `authorization: { enabled: true }`; the policy file is not read then.");
        plan.next(format!(
            "`cargo test {module}` runs its test; it needs `tokio` with the features `macros`, `rt` and `sync`."
        ));
        Ok((plan, self.target))
    }
}
