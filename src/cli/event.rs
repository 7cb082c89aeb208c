//! `tasker event`: the catalogue of events, without starting anything.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};

use super::Place;
use crate::{
    app::template_files,
    config::{Overrides, Variables},
    events::catalogue::{CATEGORIES, Definition, Search},
    model::namespaces::Namespaces,
    orchestration::{self, handler::Handlers},
};

/// What to do with them.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum Event {
    /// Lists every event there can be: Tasker's own, and those that templates and handlers declare
    Catalog(Catalog),
}

/// Which events, and how.
#[derive(Debug, Clone, Args)]
pub(super) struct Catalog {
    #[command(flatten)]
    place: Place,
    /// Only with this in their name or description, in upper or lower case
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Only names that begin so, as in `payment.`
    #[arg(long, value_name = "PREFIX")]
    namespace: Option<String>,
    /// Only of this category
    #[arg(long, value_name = "CATEGORY", value_parser = CATEGORIES)]
    category: Option<String>,
    /// Only those that templates and handlers declare
    #[arg(long)]
    custom: bool,
    /// How they are printed; JSON has payload schemas and examples as well
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Table,
    Json,
}

impl Event {
    pub(super) fn run(self, handlers: &Handlers, variables: &Variables) -> anyhow::Result<ExitCode> {
        let Self::Catalog(catalog) = self;
        let config = catalog.place.load(Overrides::of_tool(), variables)?;
        let (templates, problems) = template_files::load(&config, handlers, variables);
        let errors: Vec<_> = problems.iter().filter(|problem| problem.is_error()).collect();
        if !errors.is_empty() {
            errors.iter().for_each(|problem| eprintln!("{problem}"));
            eprintln!("{} error(s): the catalogue would not be whole", errors.len());
            return Ok(ExitCode::FAILURE);
        }
        let Catalog { search: text, namespace: prefix, category, custom, format, .. } = catalog;
        let search = Search { category, prefix, text, custom: custom.then_some(true) };
        let all = orchestration::catalogue(&templates, handlers);
        let found: Vec<Definition> =
            all.within(&Namespaces::ALL).filter(|event| search.finds(event)).collect();
        match format {
            Format::Json => say!("{}", serde_json::to_string_pretty(&found)?),
            Format::Table => print(&found),
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn print(events: &[Definition]) {
    let width = events.iter().map(|event| event.name.len()).max().unwrap_or(0);
    for event in events {
        let place = if event.durable { "log" } else { "process" };
        say!("{:<width$}  {:<13}  {place:<7}  {}", event.name, event.category, event.description);
        say!("{:<width$}  by {}", "", event.fired_by.join(", "));
    }
    say!("{} event(s)", events.len());
}
