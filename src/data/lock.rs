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
        let beside = PathBuf::from(format!("{}.lock", path.display()));
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
