//! The toolchain's own formatter, with the project's own settings.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

/// What generated code is written in.
const EDITION: &str = "2024";

/// Formats each text where rustfmt is there to do it; false, with the rest as it was, where it is not.
pub(super) fn format<'a>(project: &Path, texts: impl Iterator<Item = &'a mut String>) -> bool {
    for text in texts {
        match formatted(project, text) {
            Some(better) => *text = better,
            None => return false,
        }
    }
    true
}

fn formatted(project: &Path, text: &str) -> Option<String> {
    // Settings are looked for from where it runs.
    let folder = if project.is_dir() { project } else { Path::new(".") };
    let mut child = Command::new("rustfmt")
        .args(["--edition", EDITION, "--emit", "stdout", "--quiet"])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    // It reads everything before it writes anything, so neither waits for the other. What stands in for rustfmt where
    // a toolchain lacks it reads nothing, and fails.
    let _ = child.stdin.take().map(|mut input| input.write_all(text.as_bytes()));
    let output = child.wait_with_output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok().filter(|better| !better.is_empty())
}
