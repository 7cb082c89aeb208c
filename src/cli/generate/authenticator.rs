//! `tasker generate authenticator`: a way to sign in.

use clap::{Args, ValueEnum};
use minijinja::context;

use super::{Plan, Target, name::Name, text::fill};

/// Which way.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct Authenticator {
    /// Name of the authenticator, as in CompanyJwt
    name: String,
    /// What callers show
    #[arg(long = "type", value_enum, default_value_t = Kind::Custom)]
    kind: Kind,
    #[command(flatten)]
    target: Target,
}

/// What callers show.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// A token that the company signs, whose groups become roles
    Jwt,
    /// A token that the application has given out itself
    ApiToken,
    /// The cookie of the application's own sessions
    #[value(alias = "devise")]
    Session,
    /// The cookie of a session that began with a login elsewhere, such as OAuth
    #[value(alias = "omniauth")]
    Oauth,
    /// A header of your own
    Custom,
}

impl Authenticator {
    pub(super) fn plan(self) -> anyhow::Result<(Plan, Target)> {
        let name = Name::parse("an authenticator", &self.name)?;
        let module = name.module("authenticator");
        let authenticator = name.with_ending("an authenticator", "Authenticator")?;
        let stem = module.strip_suffix("_authenticator").unwrap_or(&module).replace('_', "-");
        let (text, new) = match self.kind {
            Kind::Jwt => ("authenticator_jwt.rs", "new(&secret).expect(\"a secret of at least 32 bytes\")"),
            Kind::ApiToken => ("authenticator_api_token.rs", "new(tokens)"),
            Kind::Session => ("authenticator_session.rs", "default()"),
            Kind::Oauth => ("authenticator_oauth.rs", "new(find_user)"),
            Kind::Custom => ("authenticator_custom.rs", "new(find_user)"),
        };
        let mut plan = Plan::default();
        let values = context! { module, authenticator, stem };
        plan.file(format!("src/{module}.rs"), fill(text, &values)?);
        plan.next(format!(
            "In src/main.rs (or lib.rs), add the module, and the authenticator to the builder:\n`mod \
             {module};`\n`let builder = builder.authenticator({module}::{authenticator}::{new});`"
        ));
        plan.next("In config/tasker.yaml, set `authentication: { enabled: true }`.");
        plan.next(format!(
            "`cargo test {module}` runs its test; it needs `tokio` with the features `macros` and `rt`."
        ));
        Ok((plan, self.target))
    }
}
