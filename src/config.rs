//! What can be set, and the only place that reads the environment.
//!
//! Later wins: the defaults, `tasker.yaml`, `environments/<TASKER_ENV>.yaml`, `TASKER__SECTION__KEY` variables,
//! `DATABASE_URL`, `RUST_LOG` and `OTEL_…`, the command line. Each section is a struct in its own file, and its `Default`
//! is the default; how the sources become one tree is in `config/sources.rs` and `config/resolve.rs`.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

mod authentication;
mod authorization;
mod check;
mod database;
mod environment;
mod graphql;
mod http_steps;
mod logging;
mod network;
mod orchestration;
mod overrides;
mod problem;
mod range;
mod rate_limit;
mod resolve;
mod retention;
mod server;
mod sources;
pub mod subscribers;
mod suggest;
mod telemetry;
mod templates;
mod tree;
mod units;
mod url;
mod vet;

#[cfg(test)]
mod tests;

pub use self::authentication::{
    Authentication, JwksPlace, JwksSettings, JwtKeys, JwtSettings, Pace, ProxySettings, SignIn, Written,
};
pub use self::authorization::Authorization;
pub use self::database::{Database, NamedDatabase};
pub use self::environment::{Environment, Variables};
pub use self::graphql::{Graphql, Introspection, Limits};
pub use self::http_steps::{CircuitBreaker, HttpSteps};
pub use self::logging::{LogFormat, Logging};
pub use self::network::{Network, NoNetwork};
pub use self::orchestration::Orchestration;
pub use self::overrides::{Overrides, OwnSignIn};
pub use self::problem::{Error, Problem};
pub use self::rate_limit::RateLimit;
pub use self::retention::{Keep, OfNamespace, Retention};
pub use self::server::Server;
pub use self::telemetry::{Headers, Otlp, Sampler, Telemetry};
pub use self::templates::Templates;
pub use self::url::{DatabaseUrl, mask_url};

use self::sources::Sources;

/// The settings of one process, complete and checked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where it listens, and whom it answers.
    pub server: Server,
    /// Who may call.
    pub authentication: Authentication,
    /// Where tasks are kept.
    pub database: Database,
    /// Where task templates are, and how large they may be.
    pub templates: Templates,
    /// How tasks are run.
    pub orchestration: Orchestration,
    /// The requests of steps that are HTTP calls.
    pub http_steps: HttpSteps,
    /// How long what is finished is kept.
    pub retention: Retention,
    /// The GraphQL endpoint and its limits.
    pub graphql: Graphql,
    /// Whether a policy decides who may do what, and where it is.
    pub authorization: Authorization,
    /// What is logged, and in which form.
    pub logging: Logging,
    /// Where traces are sent.
    pub telemetry: Telemetry,
    /// `TASKER_ENV`. Not a key of a file.
    #[serde(skip)]
    pub environment: Environment,
    /// The folder it was loaded from; relative paths in it start here. Not a key of a file.
    #[serde(skip)]
    pub directory: PathBuf,
}

impl Config {
    /// Loads the settings from a folder, the environment and the command line, or says everything that is wrong.
    ///
    /// Absent files are fine: the defaults apply.
    pub fn load(directory: &Path, overrides: &Overrides, variables: &Variables) -> Result<Self, Error> {
        let mut sources = Sources::new()?;
        let environment = sources.environment(variables);

        sources.add_file(&directory.join("tasker.yaml"));
        sources.add_file(&directory.join("environments").join(format!("{environment}.yaml")));
        sources.add_variables(variables);
        sources.add_overrides(overrides);

        let sections = sources.resolve(variables);
        let config = Self { environment, directory: directory.to_owned(), ..sections };
        check::all(&config, overrides, &mut sources);
        sources.finish(config)
    }

    /// The policy file and the model beside it.
    pub fn policy_files(&self) -> (PathBuf, PathBuf) {
        (self.directory.join(&self.authorization.policy), self.directory.join(&self.authorization.model))
    }

    /// The file that declares subscribers; it may be absent.
    pub fn subscribers_file(&self) -> PathBuf {
        self.directory.join("subscribers.yaml")
    }

    /// The authorities that HTTP steps trust besides the system's, where there are any.
    pub fn ca_file(&self) -> Option<PathBuf> {
        let file = &self.http_steps.ca_file;
        (!file.as_os_str().is_empty()).then(|| self.directory.join(file))
    }

    /// The folder of the task templates.
    pub fn templates_directory(&self) -> PathBuf {
        self.directory.join(&self.templates.directory)
    }
}
