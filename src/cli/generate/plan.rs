//! What is to be written, and writing it: everything or nothing.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

use super::{Target, rustfmt};

/// Files, and what is left to be done by a person.
#[derive(Debug, Default)]
pub(super) struct Plan {
    files: Vec<File>,
    next: Vec<String>,
}

#[derive(Debug)]
struct File {
    /// From the project's folder.
    path: PathBuf,
    text: String,
}

impl Plan {
    /// A file with this text, in the project's folder.
    pub(super) fn file(&mut self, path: impl Into<PathBuf>, text: String) {
        self.files.push(File { path: path.into(), text });
    }

    /// What a person does next; its lines after the first are to be copied.
    pub(super) fn next(&mut self, step: impl Into<String>) {
        self.next.push(step.into());
    }

    /// Writes the files and says what comes next; or writes nothing, because something is in the way.
    pub(super) fn carry_out(mut self, target: &Target) -> anyhow::Result<()> {
        self.check(target)?;
        if target.dry_run {
            self.files.iter().for_each(|file| say!("would write {}", self.shown(target, file)));
            return Ok(());
        }
        let formatted = rustfmt::format(&target.directory, self.rust());
        for file in &self.files {
            write(&target.directory.join(&file.path), &file.text)?;
            say!("wrote {}", self.shown(target, file));
        }
        if !formatted {
            self.next.push("Run `cargo fmt`: rustfmt was not found here.".to_owned());
        }
        self.print_next();
        Ok(())
    }

    /// All that is in the way, at once.
    fn check(&self, target: &Target) -> anyhow::Result<()> {
        let there: Vec<String> = self
            .files
            .iter()
            .filter(|file| target.directory.join(&file.path).exists() && !target.force)
            .map(|file| format!("  {}", self.shown(target, file)))
            .collect();
        if !there.is_empty() {
            bail!(
                "nothing is written, because this is there already; --force overwrites it:\n{}",
                there.join("\n")
            );
        }
        for file in &self.files {
            let path = target.directory.join(&file.path);
            let blocking = path.ancestors().skip(1).find(|folder| folder.exists() && !folder.is_dir());
            if let Some(blocking) = blocking {
                bail!("nothing is written: {} is a file where a folder is needed", blocking.display());
            }
            if path.is_dir() {
                bail!("nothing is written: {} is a folder where a file is needed", path.display());
            }
        }
        Ok(())
    }

    fn rust(&mut self) -> impl Iterator<Item = &mut String> {
        let is_rust = |file: &&mut File| file.path.extension().is_some_and(|extension| extension == "rs");
        self.files.iter_mut().filter(is_rust).map(|file| &mut file.text)
    }

    fn shown(&self, target: &Target, file: &File) -> String {
        if target.directory == Path::new(".") {
            file.path.display().to_string()
        } else {
            target.directory.join(&file.path).display().to_string()
        }
    }

    fn print_next(&self) {
        say!("\nNext:");
        for (no, step) in (1..).zip(&self.next) {
            say!("{no}. {}", step.replace('\n', "\n   "));
        }
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("{} can't be made", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("{} can't be written", path.display()))
}
