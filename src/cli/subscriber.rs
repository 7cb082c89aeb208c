//! `tasker subscriber`: who is told of events, and how far each webhook has got.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Subcommand;

use super::Place;
use crate::{
    app::{Extensions, subscribers, template_files},
    config::{
        Config, Overrides, Variables,
        subscribers::{SubscriberKind, SubscriberSettings},
    },
    data::{
        Database, migrate,
        subscribers::{self as stored, Standing},
    },
    model::template::Problem,
};

/// Deliveries that were given up and are shown.
const SHOWN: u32 = 20;

/// What to do with them.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum Subscriber {
    /// Reports every mistake of subscribers.yaml with its line; fails when there is one.
    Check(Place),
    /// Lists who is told of what, and for each webhook how far it is behind, what is parked and what was given up.
    List(Place),
    /// Forgets a webhook that is no longer configured: its place in the log, and what waits for it.
    Forget {
        #[command(flatten)]
        place: Place,
        /// Its name, as `subscriber list` shows it
        name: String,
    },
}

impl Subscriber {
    pub(super) async fn run(
        self,
        extensions: &Extensions,
        variables: &Variables,
    ) -> anyhow::Result<ExitCode> {
        let place = match &self {
            Self::Check(place) | Self::List(place) | Self::Forget { place, .. } => place,
        };
        let config = place.load(Overrides::of_tool(), variables)?;
        let (declared, problems) = load(&config, extensions, variables);
        let errors = problems.iter().filter(|problem| problem.is_error()).count();
        let check = matches!(self, Self::Check(_));
        for problem in problems.iter().filter(|problem| check || problem.is_error()) {
            eprintln!("{problem}");
        }
        match self {
            Self::Check(_) if errors == 0 => {
                say!("{} subscriber(s), no errors, {} warning(s)", declared.len(), problems.len());
            }
            Self::Check(_) => eprintln!("{errors} error(s), {} warning(s)", problems.len() - errors),
            Self::List(_) => list(&config, extensions, &declared).await?,
            Self::Forget { name, .. } => forget(&config, &name).await?,
        }
        Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn load(
    config: &Config,
    extensions: &Extensions,
    variables: &Variables,
) -> (Vec<SubscriberSettings>, Vec<Problem>) {
    let (templates, _) = template_files::load(config, &extensions.handlers, variables);
    subscribers::load(config, &templates, &extensions.handlers, variables)
}

async fn list(
    config: &Config,
    extensions: &Extensions,
    declared: &[SubscriberSettings],
) -> anyhow::Result<()> {
    for own in &extensions.subscribers {
        say!("{:<24} {:<8} {}", own.name(), "program", own.subscribe_to().as_slice().join(", "));
    }
    for one in declared {
        let off = if one.enabled { "" } else { "  (not enabled)" };
        say!("{:<24} {:<8} {}{off}", one.name, one.kind.as_str(), one.events);
    }
    if extensions.subscribers.is_empty() && declared.is_empty() {
        eprintln!("nobody is told; declare subscribers in {}", config.subscribers_file().display());
    }
    let database = open(config).await?;
    let standings = stored::list(&database).await?;
    for standing in &standings {
        let is_hook = |one: &&SubscriberSettings| matches!(one.kind, SubscriberKind::Webhook(_));
        let configured = declared.iter().filter(is_hook).any(|one| one.name == standing.name);
        say!("\n{}", described(standing, configured));
        for dropped in stored::dropped(&database, &standing.name, SHOWN).await? {
            say!(
                "  given up  {}  {} of task {} after {} tries: {}",
                dropped.at.to_rfc3339(),
                dropped.event,
                dropped.task,
                dropped.failures,
                dropped.error
            );
        }
    }
    database.close().await;
    Ok(())
}

fn described(standing: &Standing, configured: bool) -> String {
    let Standing { name, position, behind, seconds_behind, holder, parked, last_error, dropped } = standing;
    let holder = holder.as_deref().unwrap_or("nobody");
    let mut text = format!(
        "{name}: at {position}, {behind} event(s) and {seconds_behind:.0} s behind; delivered by {holder}; {parked} \
         task(s) parked, {dropped} delivery(ies) given up"
    );
    if let Some(error) = last_error {
        text.push_str(&format!("\n  parked    {error}"));
    }
    if !configured {
        text.push_str(&format!("\n  not in subscribers.yaml; `tasker subscriber forget {name}` forgets it"));
    }
    text
}

async fn forget(config: &Config, name: &str) -> anyhow::Result<()> {
    let database = open(config).await?;
    let gone = stored::forget(&database, name).await?;
    database.close().await;
    if !gone {
        bail!(
            "{name} is not forgotten: there is no such webhook, or a service delivers for it; take it out of \
             subscribers.yaml and restart the service first"
        );
    }
    say!("{name} is forgotten");
    Ok(())
}

/// The database as it is: looking at it changes no table.
async fn open(config: &Config) -> anyhow::Result<Database> {
    let settings = &config.database;
    let database = Database::open(settings.own_url().as_str(), 2, settings.connect_timeout).await?;
    migrate::check(&database).await.context("how far webhooks are can't be read")?;
    Ok(database)
}
