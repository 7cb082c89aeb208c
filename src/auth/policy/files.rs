//! The files of a policy, read whole.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    language,
    problem::{self, Problem, Problems},
};

/// The largest policy file.
const MAX_BYTES: usize = 16 << 20;

/// Where a policy is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFiles {
    /// The lines.
    pub policy: PathBuf,
    /// The model beside it, which must be the built-in one where it is there.
    pub model: PathBuf,
}

pub(super) fn read_text(path: &Path) -> Result<String, Vec<Problem>> {
    let mut problems = Problems::of(&path.display().to_string());
    let bytes = match fs::metadata(path).and_then(|found| match found.len() > MAX_BYTES as u64 {
        true => Err(io::Error::other(format!("it has more than {MAX_BYTES} bytes"))),
        false => fs::read(path),
    }) {
        Ok(bytes) => bytes,
        Err(error) => {
            problems.error(
                None,
                format!("the policy can't be read: {error}; authorization.policy names it, and without one nobody may do anything"),
            );
            return Err(problems.found);
        }
    };
    String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        problems.error(u32::try_from(line).ok(), "this is not UTF-8; save the file as UTF-8");
        problems.found
    })
}

pub(super) fn check_model(path: &Path) -> Vec<Problem> {
    let mut problems = Problems::of(&path.display().to_string());
    match fs::read_to_string(path) {
        Ok(text) => {
            if let Some((line, found)) = language::differs(&text) {
                problems.error(
                    line,
                    format!(
                        "the model is not the one that is built in, beginning with {}; it can't be changed: \
                         restore the file, or delete it",
                        problem::shown(&found)
                    ),
                );
            }
        }
        // It is built in.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => problems.error(None, format!("the model can't be read: {error}")),
    }
    problems.found
}
