//! The command line.

#[macro_use]
mod say;

mod bench;
mod event;
mod generate;
mod permission;
mod prune;
mod serve;
mod subscriber;
mod task;
mod template;
mod token;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{Args, Parser, Subcommand};

use crate::{
    app::Extensions,
    config::{Config, DatabaseUrl, Overrides, Variables},
    graphql, rest,
};

/// For what still runs when everything is done.
const LEFTOVERS: Duration = Duration::from_millis(500);

/// Runs workflows that must finish.
#[derive(Debug, Parser)]
#[command(name = "tasker", version, subcommand_negates_reqs = true, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::Serve,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts the service. What `tasker` alone does as well.
    Serve(serve::Serve),
    /// Brings the database's tables up to date.
    Migrate(Place),
    /// Prints the GraphQL schema with its descriptions and requirements.
    Schema,
    /// Prints the OpenAPI document of the REST API.
    Openapi,
    /// Looks at the task templates.
    #[command(subcommand)]
    Template(template::Template),
    /// Looks at the events there can be.
    #[command(subcommand)]
    Event(event::Event),
    /// Looks at the policy: who may do what.
    #[command(subcommand)]
    Permission(permission::Permission),
    /// Looks at who is told of events, and at what webhooks have delivered.
    #[command(subcommand)]
    Subscriber(subscriber::Subscriber),
    /// Tokens that callers sign in with.
    #[command(subcommand)]
    Token(token::Token),
    /// Removes tasks, events and audit records that are no longer kept; with --dry-run it only says which.
    Prune(prune::Prune),
    /// Starts and steers tasks on a running service. Where callers sign in, TASKER_TOKEN is the token.
    Task(task::Task),
    /// Writes code of your own into a project: a workflow, a step, a subscriber, a way to sign in, and tests of it.
    #[command(subcommand)]
    Generate(generate::Generate),
    /// Measures this build on this machine: latency beside a bare commit, throughput, cost of a step, memory.
    Bench(bench::Bench),
}

/// Which configuration and database.
#[derive(Debug, Clone, Args)]
pub(crate) struct Place {
    /// Folder with tasker.yaml, tasks/ and environments/
    #[arg(long, value_name = "DIR", default_value = "config")]
    config: PathBuf,
    /// sqlite://FILE?mode=rwc or postgres://USER@HOST/NAME
    #[arg(long, value_name = "URL")]
    database_url: Option<DatabaseUrl>,
}

impl Place {
    fn load(&self, overrides: Overrides, variables: &Variables) -> anyhow::Result<Config> {
        let overrides = Overrides { database_url: self.database_url.clone(), ..overrides };
        Ok(Config::load(&self.config, &overrides, variables)?)
    }
}

/// Parses the command line and does what it says, with what an application adds.
pub fn run(extensions: Extensions) -> ExitCode {
    let arguments = Arguments::parse();
    // TLS for those who reach PostgreSQL or a service through it; a second installation changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // async-graphql's resolvers nest: the deepest allowed document needs more than the usual 2 MiB in a debug build.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(8 << 20).build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return fail(&anyhow::Error::from(error).context("the runtime can't start")),
    };
    let done = runtime.block_on(carry_out(arguments, extensions));
    // A handler that blocks its thread does not hold the process: its step was given back.
    runtime.shutdown_timeout(LEFTOVERS);
    done.unwrap_or_else(|error| fail(&error))
}

/// Whether a command line, without the program's name, is understood; or what the program would say about it.
pub fn understand<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<(), String> {
    let words = std::iter::once("tasker").chain(words);
    Arguments::try_parse_from(words).map(drop).map_err(|error| error.to_string())
}

async fn carry_out(arguments: Arguments, extensions: Extensions) -> anyhow::Result<ExitCode> {
    let variables = Variables::of_process();
    match arguments.command {
        None => arguments.serve.run(extensions, variables).await,
        Some(Command::Serve(serve)) => serve.run(extensions, variables).await,
        Some(Command::Migrate(place)) => migrate(&place, &variables).await,
        Some(Command::Schema) => {
            say::text(format_args!("{}", graphql::schema::sdl()));
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Openapi) => {
            say::text(format_args!("{}", rest::openapi()?));
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Template(template)) => template.run(&extensions.handlers, &variables),
        Some(Command::Event(event)) => event.run(&extensions.handlers, &variables),
        Some(Command::Permission(permission)) => permission.run(&variables).await,
        Some(Command::Subscriber(subscriber)) => subscriber.run(&extensions, &variables).await,
        Some(Command::Token(token)) => token.run(&variables).await,
        Some(Command::Prune(prune)) => prune.run(&variables).await,
        Some(Command::Task(task)) => task.run(&variables).await,
        Some(Command::Generate(generate)) => generate.run(),
        Some(Command::Bench(bench)) => bench.run().await.map(|()| ExitCode::SUCCESS),
    }
}

async fn migrate(place: &Place, variables: &Variables) -> anyhow::Result<ExitCode> {
    use crate::data::{Database, lock::EngineLock, migrate};
    let config = place.load(Overrides::of_tool(), variables)?;
    let url = config.database.own_url();
    let database = Database::open(url.as_str(), 1, config.database.connect_timeout).await?;
    // Tables are not changed under an engine that knows the old ones.
    let _lock = database.file().map(EngineLock::take).transpose()?;
    match migrate::migrate(&database).await? {
        0 => say!("{url}: nothing to do, every migration is applied"),
        count => say!("{url}: {count} migration(s) applied"),
    }
    database.close().await;
    Ok(ExitCode::SUCCESS)
}

fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("tasker: {error:#}");
    ExitCode::FAILURE
}
