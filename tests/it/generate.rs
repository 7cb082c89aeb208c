//! `tasker generate`, as a person runs it. What it writes is committed in `tests/generated`, a member of the workspace:
//! the same text that is compared here is compiled and tested there.

mod golden;
mod refusals;

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

/// A folder that nothing has been written into.
struct Ground {
    folder: TempDir,
}

/// What the program said.
struct Said {
    success: bool,
    out: String,
    error: String,
}

impl Ground {
    fn new() -> Self {
        Self { folder: TempDir::new().expect("a temporary folder") }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs `tasker generate` here; words are separated by one space.
    fn generate(&self, words: &str) -> Said {
        self.run(&words.split(' ').collect::<Vec<_>>(), |_| ())
    }

    fn run(&self, words: &[&str], set: impl FnOnce(&mut Command)) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tasker"));
        command.arg("generate").args(words).current_dir(self.path());
        set(&mut command);
        let Output { status, stdout, stderr } = command.output().expect("the program runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        Said { success: status.success(), out: text(stdout), error: text(stderr) }
    }

    /// Every file below, from here, sorted.
    fn files(&self) -> Vec<PathBuf> {
        files(self.path())
    }
}

/// Every file below `root`, from there, sorted.
fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in folder.read_dir().expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path.strip_prefix(root).expect("below").to_owned());
            }
        }
    }
    found.sort();
    found
}
