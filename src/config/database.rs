//! `database`: where tasks are kept.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::units::duration;
use super::url::DatabaseUrl;

/// Where tasks are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// The database itself.
    pub primary: PrimaryDatabase,
    /// Connections for reading. Writing has its own, one.
    pub max_connections: u32,
    /// Whether the tables are brought up to date at start.
    pub migrate: bool,
    /// How long to wait for a connection before giving up.
    #[serde(with = "duration")]
    pub connect_timeout: Duration,
}

/// The database itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PrimaryDatabase {
    /// `sqlite:` or `postgres:`.
    pub url: DatabaseUrl,
}

impl Default for Database {
    fn default() -> Self {
        Self {
            primary: PrimaryDatabase::default(),
            max_connections: 8,
            migrate: true,
            connect_timeout: Duration::from_secs(10),
        }
    }
}
