//! Where a service under test lives: its configuration, its database, what its handlers write down.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use serde_json::Value;
use tasker::data::{Database, migrate};
use tempfile::TempDir;
use tokio::process::Command;

use super::{ledger::Ledger, programs::Program};
use crate::place::Place;

/// Real time after which a test that waits has failed: a debug build on a busy machine is slow.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with a configuration, and a database.
pub struct Home {
    pub place: Place,
    folder: TempDir,
    settings: Vec<(String, String)>,
}

impl Home {
    /// With these templates.
    pub fn new(place: Place, templates: &[Value]) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let home = Self { place, folder, settings: Vec::new() };
        fs::create_dir_all(home.config().join("tasks")).expect("a folder");
        for template in templates {
            let name = template["name"].as_str().expect("a name");
            home.write(&format!("tasks/{name}.yaml"), &template.to_string());
        }
        home
    }

    /// A setting that is not its default, by its variable: `ORCHESTRATION__LEASE_TTL`.
    #[must_use]
    pub fn set(mut self, setting: &str, value: &str) -> Self {
        self.settings.push((format!("TASKER__{setting}"), value.to_owned()));
        self
    }

    /// A file of the configuration.
    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.config().join(name), text).expect("a file");
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn config(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    /// What the handlers wrote down so far.
    pub fn ledger(&self) -> Ledger {
        Ledger::read(&self.folder.path().join("ledger"))
    }

    /// `serve`, on any free port. Nothing of the surrounding environment reaches its settings.
    pub fn serve(&self, program: Program) -> Command {
        let mut command = self.command(program, "serve");
        command.args(["--listen", "127.0.0.1:0", "--database-url", &self.place.url, "--config"]);
        command.arg(self.config());
        command
    }

    /// A command of the program, run in this folder.
    pub fn command(&self, program: Program, verb: &str) -> Command {
        let mut command = Command::new(program.path());
        for (name, _) in std::env::vars_os() {
            if matches!(name.to_str(), Some(name) if name.starts_with("TASKER_") || name == "DATABASE_URL") {
                command.env_remove(name);
            }
        }
        command.arg(verb).current_dir(self.folder.path()).kill_on_drop(true).stdin(Stdio::null());
        command.env("RUST_LOG", "warn").env("CRASH_DRILL_LEDGER", self.folder.path().join("ledger"));
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// The database itself, beside the service.
    pub async fn database(&self) -> Database {
        Database::open(&self.place.url, 2, PATIENCE).await.expect("the database opens")
    }

    /// The same, with its tables.
    pub async fn migrated(&self) -> Database {
        let database = self.database().await;
        migrate::migrate(&database).await.expect("the migrations apply");
        database
    }
}
