//! `tasker generate app`: a program with nothing of its own yet.

use std::path::{Path, PathBuf};

use clap::Args;
use minijinja::context;

use super::{Plan, Target, name::Name, text::fill};

/// What the program is called, and where it goes.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct App {
    /// Name of the package and of its folder, as in `shop`
    name: String,
    /// A checkout of Tasker to build with, seen from the new folder; its repository without it
    #[arg(long, value_name = "DIR")]
    tasker: Option<PathBuf>,
    #[command(flatten)]
    target: Target,
}

impl App {
    pub(super) fn plan(self) -> anyhow::Result<(Plan, Target)> {
        let name = Name::parse("a program", &self.name)?;
        let values = context! {
            package => name.kebab,
            words => name.words(),
            checkout => self.tasker.as_deref().map(Path::to_string_lossy),
            repository => env!("CARGO_PKG_REPOSITORY"),
        };
        let mut plan = Plan::default();
        let folder = Path::new(&name.kebab);
        plan.file(folder.join("Cargo.toml"), fill("app.toml", &values)?);
        plan.file(folder.join(".gitignore"), fill("app.gitignore", &values)?);
        plan.file(folder.join("config/tasker.yaml"), fill("app.yaml", &values)?);
        plan.file(folder.join("src/main.rs"), fill("app.rs", &values)?);
        if let Some(above) = manifest_above(&self.target.directory) {
            plan.next(format!(
                "{} is above it, and cargo takes it for a part of that: add it to the `members` of its workspace, or \
                 move the new folder out of there.",
                above.display()
            ));
        }
        let folder = self.target.directory.join(folder);
        let folder = folder.strip_prefix(".").unwrap_or(&folder);
        plan.next(format!(
            "Go there, and write a first workflow with the program itself:\n`cd {}`\n`cargo run -- generate task-handler \
             OrderProcess --steps validate_order,process_payment,ship_order`",
            folder.display()
        ));
        plan.next("`cargo run` starts the service and says where it listens.");
        Ok((plan, self.target))
    }
}

/// The manifest that cargo would find when it looks upwards from a new folder in `directory`.
fn manifest_above(directory: &Path) -> Option<PathBuf> {
    let directory = directory.canonicalize().ok()?;
    directory.ancestors().map(|folder| folder.join("Cargo.toml")).find(|manifest| manifest.exists())
}
