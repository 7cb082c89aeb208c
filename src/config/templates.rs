//! `templates`: where task templates are, and how large they may be.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::units::bytes;

/// Where task templates are, and how large they may be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Templates {
    /// Their folder, relative to the configuration's.
    pub directory: PathBuf,
    /// Steps that one template may have.
    pub max_steps: usize,
    /// Bytes that one file may have.
    #[serde(with = "bytes")]
    pub max_file_bytes: usize,
}

impl Default for Templates {
    fn default() -> Self {
        Self { directory: PathBuf::from("tasks"), max_steps: 10_000, max_file_bytes: 4 << 20 }
    }
}
