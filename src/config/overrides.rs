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
    /// Whether the program brings ways to sign in of its own.
    pub own_sign_in: OwnSignIn,
}

/// Whether a program brings ways to sign in of its own, so that none have to be configured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OwnSignIn {
    /// It does not.
    #[default]
    None,
    /// It does.
    Some,
    /// It serves nobody, so that it doesn't matter whether anybody could sign in.
    NotAsked,
}

impl Overrides {
    /// For a command that serves nobody.
    pub fn of_tool() -> Self {
        Self { own_sign_in: OwnSignIn::NotAsked, ..Self::default() }
    }
}
