//! Rust in the guide is an excerpt, line by line, of code that is compiled and tested.

use std::{fs, path::Path};

/// Where excerpts come from.
const FOLDERS: &[&str] = &["examples", "src/samples", "tests/generated/src", "tests/it/kit", "tests/it/docs"];

pub struct Sources {
    /// Of each file its lines, without what surrounds them and without empty ones.
    files: Vec<Vec<String>>,
}

impl Sources {
    pub fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = Vec::new();
        let mut open: Vec<_> = FOLDERS.iter().map(|folder| root.join(folder)).collect();
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    open.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    files.push(lines(&fs::read_to_string(path).expect("a text")));
                }
            }
        }
        Self { files }
    }

    pub fn check(&self, text: &str) -> Result<(), String> {
        let wanted = lines(text);
        let is_there = |file: &Vec<String>| file.windows(wanted.len().max(1)).any(|found| found == wanted);
        if !wanted.is_empty() && self.files.iter().any(is_there) {
            return Ok(());
        }
        Err(format!("this is no excerpt of a file in {}", FOLDERS.join(", ")))
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}
