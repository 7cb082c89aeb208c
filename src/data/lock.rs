//! One engine a SQLite file: the operating system's lock on a file beside it.
//!
//! The lock goes with the process, however it ends. Readers and command-line tools don't take it.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
};

use super::Error;

/// Held for as long as the engine runs.
#[derive(Debug)]
pub struct EngineLock {
    _file: File,
}

impl EngineLock {
    /// Takes the lock of the database at `path`, or says who is in the way.
    pub fn take(path: &Path) -> Result<Self, Error> {
        let mut beside = real(path).into_os_string();
        beside.push(".lock");
        let beside = PathBuf::from(beside);
        let unavailable = |error| Error::Address(format!("{} can't be opened: {error}", beside.display()));
        let file =
            OpenOptions::new().create(true).truncate(false).write(true).open(&beside).map_err(unavailable)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Error::InUse(path.display().to_string())),
            Err(TryLockError::Error(error)) => Err(unavailable(error)),
        }
    }
}

/// The file itself, by whatever way it was named: one file has one lock. It is not opened for that.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| {
        // Not there yet.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        match (folder.canonicalize(), path.file_name()) {
            (Ok(folder), Some(name)) => folder.join(name),
            _ => path.to_owned(),
        }
    })
}
