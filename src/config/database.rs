//! `database`: where an application keeps its data, and where tasks are kept.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::units::duration;
use super::url::DatabaseUrl;

/// Where tasks are kept.
///
/// Keys that it does not know are entries of further databases; whether one belongs there is checked with the settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Database {
    /// The application's. Tasks are kept there too, unless they have a database of their own.
    pub primary: NamedDatabase,
    /// Whether tasks have a database of their own.
    pub enable_secondary_database: bool,
    /// Which entry that is.
    pub name: String,
    /// Connections for reading tasks. Writing has its own, one.
    pub max_connections: u32,
    /// Whether the tables are brought up to date at start.
    pub migrate: bool,
    /// How long to wait for a connection before giving up.
    #[serde(with = "duration")]
    pub connect_timeout: Duration,
    /// Entries, by name.
    #[serde(flatten)]
    pub entries: BTreeMap<String, NamedDatabase>,
}

/// One database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NamedDatabase {
    /// `sqlite:` or `postgres:`.
    pub url: DatabaseUrl,
    /// Connections: those that handlers may have, or those for reading tasks.
    pub max_connections: u32,
}

impl Database {
    /// The entry of the tasks' own database, where they have one.
    pub fn secondary(&self) -> Option<&NamedDatabase> {
        self.enable_secondary_database.then(|| self.entries.get(&self.name)).flatten()
    }

    /// Where tasks are kept.
    pub fn own_url(&self) -> &DatabaseUrl {
        self.secondary().map_or(&self.primary.url, |entry| &entry.url)
    }

    /// Connections for reading tasks.
    pub fn own_connections(&self) -> u32 {
        self.secondary().map_or(self.max_connections, |entry| entry.max_connections)
    }
}

impl Default for NamedDatabase {
    fn default() -> Self {
        Self { url: DatabaseUrl::default(), max_connections: 8 }
    }
}

impl Default for Database {
    fn default() -> Self {
        Self {
            primary: NamedDatabase::default(),
            enable_secondary_database: false,
            name: String::new(),
            max_connections: 8,
            migrate: true,
            connect_timeout: Duration::from_secs(10),
            entries: BTreeMap::new(),
        }
    }
}
