//! What the command line says about the settings.

use super::url::DatabaseUrl;

/// What the command line says about the settings, and what the program brings along. The command line wins over everything else.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--listen ADDR`.
    pub listen: Option<String>,
    /// `--database-url URL`.
    pub database_url: Option<DatabaseUrl>,
    /// `--insecure`.
    pub insecure: bool,
    /// The program brings ways to sign in of its own, so that none have to be configured.
    pub own_authenticators: bool,
}
