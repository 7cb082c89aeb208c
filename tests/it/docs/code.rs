//! Code in the guide is an excerpt, line by line, of code that is compiled and tested.

use std::{fs, path::Path};

/// Where excerpts come from.
const FOLDERS: &[&str] = &["examples", "src/samples", "tests/generated/src", "tests/it/kit", "tests/it/docs"];

/// What others have written, or a compiler.
const NOT_OURS: &[&str] = &["node_modules", ".venv", "dist"];

pub struct Sources {
    /// Of each file what its name ends in, and its lines, without what surrounds them and without empty ones.
    files: Vec<(String, Vec<String>)>,
}

impl Sources {
    pub fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = Vec::new();
        let mut open: Vec<_> = FOLDERS.iter().map(|folder| root.join(folder)).collect();
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                let extension = path.extension().unwrap_or_default().to_string_lossy().into_owned();
                if path.is_dir() {
                    let is_ours = path.file_name().is_none_or(|name| NOT_OURS.iter().all(|not| name != *not));
                    open.extend(is_ours.then_some(path));
                } else if ["rs", "py", "ts"].contains(&extension.as_str()) {
                    files.push((extension, lines(&fs::read_to_string(path).expect("a text"))));
                }
            }
        }
        Self { files }
    }

    /// `extension` is that of the files it may be from.
    pub fn check(&self, extension: &str, text: &str) -> Result<(), String> {
        let wanted = lines(text);
        let is_there = |file: &Vec<String>| file.windows(wanted.len().max(1)).any(|found| found == wanted);
        let mut files = self.files.iter().filter(|(own, _)| own == extension);
        if !wanted.is_empty() && files.any(|(_, file)| is_there(file)) {
            return Ok(());
        }
        Err(format!("this is no excerpt of a .{extension} file in {}", FOLDERS.join(", ")))
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}
