//! `tasker template diagram`: a template as a picture.

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use crate::{
    app::template_files,
    cli::Place,
    config::{Overrides, Variables},
    model::diagram::{self, Picture},
    orchestration::handler::Handlers,
};

/// Which template, and how it is drawn.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct Diagram {
    /// NAME or NAME@VERSION; the highest version without one
    name: String,
    /// Its namespace
    #[arg(long, value_name = "NAME", default_value = "default")]
    namespace: String,
    #[command(flatten)]
    drawn: Drawn,
    #[command(flatten)]
    place: Place,
}

/// How a diagram is written down, and where.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct Drawn {
    /// What is written
    #[arg(long, value_enum, default_value_t = Format::Mermaid)]
    pub format: Format,
    /// Where to; the terminal without it
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// What a diagram is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
    /// Text for Mermaid, which Markdown pages draw
    Mermaid,
    /// A drawing, for a browser
    Svg,
    /// Nodes and edges, for programs
    Json,
}

impl From<Format> for diagram::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Mermaid => Self::Mermaid,
            Format::Svg => Self::Svg,
            Format::Json => Self::Json,
        }
    }
}

impl Format {
    /// As the API calls it.
    pub(in crate::cli) const fn word(self) -> &'static str {
        match self {
            Self::Mermaid => "MERMAID",
            Self::Svg => "SVG",
            Self::Json => "JSON",
        }
    }
}

impl Diagram {
    pub(super) fn run(self, handlers: &Handlers, variables: &Variables) -> anyhow::Result<ExitCode> {
        let config = self.place.load(Overrides::of_tool(), variables)?;
        let (templates, problems) = template_files::load(&config, handlers, variables);
        let (name, version) = match self.name.split_once('@') {
            Some((name, version)) => (name, Some(version)),
            None => (self.name.as_str(), None),
        };
        let version = version.map(|text| {
            text.parse().with_context(|| format!("{text} is not a version: three numbers, as in 1.2.0"))
        });
        let found = templates.find(&self.namespace, name, version.transpose()?.as_ref());
        let template = match found {
            Ok(template) => template,
            Err(unknown) => {
                let errors = problems.iter().filter(|problem| problem.is_error()).count();
                let hint = match errors {
                    0 => String::new(),
                    _ => format!("; {errors} mistake(s) were found on the way: run `tasker template check`"),
                };
                bail!("{unknown}{hint}");
            }
        };
        let picture = Picture::of_template(template.clone())?;
        self.drawn.write(&picture.write(self.drawn.format.into(), None))
    }
}

impl Drawn {
    /// To its file, or to the terminal.
    pub(in crate::cli) fn write(&self, content: &str) -> anyhow::Result<ExitCode> {
        match &self.output {
            Some(file) => {
                fs::write(file, content).with_context(|| format!("{} can't be written", file.display()))?
            }
            None => say!("{}", content.trim_end()),
        }
        Ok(ExitCode::SUCCESS)
    }
}
