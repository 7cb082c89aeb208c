//! `tasker prune`: removes what is no longer kept, now, or says what that would be.

use std::process::ExitCode;

use clap::Args;

use super::Place;
use crate::{
    config::{Config, Overrides, Variables},
    data::{Database, migrate, retention as stored},
    metrics::Metrics,
    model::{retention::cutoff, status::Status},
    orchestration::{Clock, Pruned, Pruner},
};

/// Removes what is no longer kept, as `retention` in the settings says. The service does so by itself.
#[derive(Debug, Clone, Args)]
pub(super) struct Prune {
    #[command(flatten)]
    place: Place,
    /// Say what would go, and remove nothing
    #[arg(long)]
    dry_run: bool,
}

impl Prune {
    pub(super) async fn run(&self, variables: &Variables) -> anyhow::Result<ExitCode> {
        let config = self.place.load(Overrides::of_tool(), variables)?;
        let url = config.database.own_url();
        let database = Database::open(url.as_str(), 2, config.database.connect_timeout).await?;
        migrate::check(&database).await?;
        let done =
            if self.dry_run { foretell(&config, &database).await } else { prune(&config, &database).await };
        database.close().await;
        done.map(|()| ExitCode::SUCCESS)
    }
}

async fn prune(config: &Config, database: &Database) -> anyhow::Result<()> {
    let mut pruner = Pruner::new(database.clone(), Clock::System, Metrics::new(), &config.retention);
    let Pruned { tasks, belongings, events, audit, figures } = pruner.pass().await?;
    say!(
        "removed {tasks} task(s) with {belongings} step(s), event(s) and notes, {events} event(s) of tasks that stay, \
         {audit} audit record(s), {figures} figure(s)"
    );
    Ok(())
}

/// Each line says what would go, and by which rule.
async fn foretell(config: &Config, database: &Database) -> anyhow::Result<()> {
    let (rules, now) = (config.retention.rules(), Clock::System.now());
    let mut nothing = true;
    let mut say = |count: u64, what: String| {
        if count > 0 {
            say!("{count:>12}  {what}");
            nothing = false;
        }
    };
    for status in Status::ALL.into_iter().filter(|status| status.rests()) {
        for kept in rules.durations(status) {
            for (namespace, count) in stored::would_go(database, status, cutoff(kept, now)).await? {
                if rules.of(&namespace, status) == Some(kept) {
                    let kept = humantime::format_duration(kept);
                    say(count, format!("task(s) of {namespace} that are {status}, kept for {kept}"));
                }
            }
        }
    }
    if let Some(kept) = rules.events {
        let count = stored::count_old_events(database, cutoff(kept, now)).await?;
        let kept = humantime::format_duration(kept);
        say(
            count,
            format!("event(s) of settled tasks, kept for {kept}; those of the tasks above are among them"),
        );
    }
    if let Some(kept) = rules.audit {
        let count = stored::old_audit(database, cutoff(kept, now)).await?;
        say(count, format!("audit record(s), kept for {}", humantime::format_duration(kept)));
    }
    if nothing {
        say!("nothing would be removed");
    }
    Ok(())
}
