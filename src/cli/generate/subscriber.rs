//! `tasker generate subscriber`: code that is told of events.

use std::collections::BTreeSet;

use clap::Args;
use minijinja::{Value, context};

use super::{Plan, Target, name::Name, text::fill};
use crate::{
    events::subscriber::method,
    model::{event::EventName, template::did_you_mean},
};

/// What metrics are made of without `--events`.
const MEASURED: [&str; 4] = ["task.completed", "task.failed", "step.completed", "step.failed"];

/// First segments of Tasker's own events.
const RESERVED: [&str; 4] = ["task", "step", "workflow", "observability"];

/// What it hears.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct Subscriber {
    /// Name of the subscriber, as in notification
    name: String,
    /// Events that it is told of, of the system or of your own, as in task.completed order.fulfilled
    #[arg(long, value_name = "EVENT", value_delimiter = ',', num_args = 1.., required_unless_present = "metrics")]
    events: Vec<String>,
    /// Counts events and adds up how long things took, by name of the workflow
    #[arg(long)]
    metrics: bool,
    #[command(flatten)]
    target: Target,
}

impl Subscriber {
    pub(super) fn plan(self) -> anyhow::Result<(Plan, Target)> {
        let name = Name::parse("a subscriber", &self.name)?;
        let (module, subscriber) =
            (name.module("subscriber"), name.with_ending("a subscriber", "Subscriber")?);
        let events = self.checked_events()?;
        let events: Vec<Value> = events.iter().map(|event| described(event)).collect();
        let values = context! {
            name => module.strip_suffix("_subscriber").unwrap_or(&module),
            subscriber,
            events,
        };

        let mut plan = Plan::default();
        let text = if self.metrics { "metrics.rs" } else { "subscriber.rs" };
        plan.file(format!("src/{module}.rs"), fill(text, &values)?);
        let new = if self.metrics { "default()" } else { "new(|message| println!(\"{message}\"))" };
        plan.next(format!(
            "In src/main.rs (or lib.rs), add the module, and the subscriber to the builder:\n`mod \
             {module};`\n`let builder = builder.subscriber({module}::{subscriber}::{new});`"
        ));
        plan.next(format!(
            "`cargo test {module}` runs its test; it needs `tokio` with the features `macros` and `rt`."
        ));
        Ok((plan, self.target))
    }

    fn checked_events(&self) -> anyhow::Result<Vec<String>> {
        let mut events: Vec<String> = self.events.clone();
        if events.is_empty() {
            events = MEASURED.map(str::to_owned).to_vec();
        }
        let mut seen = BTreeSet::new();
        events.retain(|event| seen.insert(event.clone()));
        for event in &events {
            if !EventName::SYSTEM.contains(&event.as_str()) {
                check_custom(event)?;
            }
        }
        let methods: BTreeSet<String> = events.iter().map(|event| method(event)).collect();
        if methods.len() < events.len() {
            anyhow::bail!("two of these events would go to one method; write a subscriber for each");
        }
        Ok(events)
    }
}

/// A custom event's name, or what is wrong with it.
pub(super) fn check_custom(event: &str) -> anyhow::Result<()> {
    let segments: Vec<&str> = event.split('.').collect();
    let plain = |segment: &&str| {
        segment.chars().next().is_some_and(|c| c.is_ascii_lowercase())
            && segment.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    if RESERVED.contains(&segments[0]) {
        let meant = match did_you_mean(event, EventName::SYSTEM.iter().copied()) {
            none if none.is_empty() => ".".to_owned(),
            meant => meant,
        };
        anyhow::bail!(
            "there is no event {event}{meant} An event of your own begins with another word than {}",
            RESERVED.join(", ")
        );
    }
    if segments.len() < 2 || !segments.iter().all(plain) {
        anyhow::bail!(
            "{event:?} is no event's name: write words of a-z, 0-9 and _ with a dot between them, as in order.fulfilled"
        );
    }
    Ok(())
}

/// What the texts say about an event.
fn described(event: &str) -> Value {
    let (subject, what) = event.split_once('.').unwrap_or((event, ""));
    context! {
        name => event,
        method => method(event),
        custom => !EventName::SYSTEM.contains(&event),
        subject,
        words => what.replace(['.', '_'], " "),
        takes_time => event == "task.completed" || event == "step.completed",
        fails => what == "failed" || what == "max_retries_reached",
        of_step => subject == "step",
    }
}
