//! `tasker template`: the templates, without starting anything.

mod diagram;

use std::process::ExitCode;

use clap::Subcommand;

pub(super) use self::diagram::Drawn;
use super::Place;
use crate::{
    app::template_files,
    config::{Overrides, Variables},
    orchestration::handler::Handlers,
};

/// What to do with them.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum Template {
    /// Reports every mistake with file and line; fails when there is one.
    Check(Place),
    /// Lists what can be run.
    List(Place),
    /// Draws one: as text for Mermaid, as SVG, or as JSON.
    Diagram(diagram::Diagram),
}

impl Template {
    pub(super) fn run(self, handlers: &Handlers, variables: &Variables) -> anyhow::Result<ExitCode> {
        let (place, list) = match self {
            Self::Check(place) => (place, false),
            Self::List(place) => (place, true),
            Self::Diagram(diagram) => return diagram.run(handlers, variables),
        };
        let config = place.load(Overrides::of_tool(), variables)?;
        let (templates, problems) = template_files::load(&config, handlers, variables);
        let errors = problems.iter().filter(|problem| problem.is_error()).count();
        for problem in problems.iter().filter(|problem| !list || problem.is_error()) {
            eprintln!("{problem}");
        }
        if list {
            for template in templates.iter() {
                let about = template.description.as_deref().unwrap_or_default();
                say!("{:<40} {:>4} steps  {about}", template.full_name(), template.steps.len());
            }
        } else if errors == 0 {
            say!("{} template(s), no errors, {} warning(s)", templates.len(), problems.len());
        } else {
            eprintln!("{errors} error(s), {} warning(s)", problems.len() - errors);
        }
        Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
