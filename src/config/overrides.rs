//! What the command line says about the settings.

use super::url::DatabaseUrl;

/// What the command line says about the settings. It wins over everything else.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--listen ADDR`.
    pub listen: Option<String>,
    /// `--database-url URL`.
    pub database_url: Option<DatabaseUrl>,
    /// `--insecure`.
    pub insecure: bool,
}
