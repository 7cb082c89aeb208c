//! The database's URL, which may hold a password: it is masked wherever it is printed.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

/// A database's URL. Printing and serializing it masks its password; [`DatabaseUrl::as_str`] does not.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The URL with its password, for the driver only.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for DatabaseUrl {
    fn default() -> Self {
        Self("sqlite://tasker.db?mode=rwc".to_owned())
    }
}

impl From<String> for DatabaseUrl {
    fn from(url: String) -> Self {
        Self(url)
    }
}

impl FromStr for DatabaseUrl {
    type Err = Infallible;

    fn from_str(url: &str) -> Result<Self, Infallible> {
        Ok(Self(url.to_owned()))
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&mask_url(&self.0))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", mask_url(&self.0))
    }
}

impl Serialize for DatabaseUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&mask_url(&self.0))
    }
}

/// The URL with `***` where a password stands, or could stand: a malformed one loses more rather than less.
pub fn mask_url(url: &str) -> String {
    mask_parameters(&mask_user(url))
}

/// `user:password@`. The password ends at the **last** `@`, for one that was not percent-encoded.
fn mask_user(url: &str) -> String {
    let start = url.find("://").map_or(0, |scheme| scheme + 3);
    let (scheme, rest) = url.split_at(start);
    let Some((user, host)) = rest.rsplit_once('@') else { return url.to_owned() };
    match user.split_once(':') {
        Some((name, _)) => format!("{scheme}{name}:***@{host}"),
        None => url.to_owned(),
    }
}

/// `password=…` and the like, in a query or a list of keywords.
fn mask_parameters(url: &str) -> String {
    const NAMES: [&str; 4] = ["password=", "passwd=", "pwd=", "secret="];
    let lower = url.to_ascii_lowercase();
    let mut masked = String::new();
    let mut from = 0;
    while let Some(value) =
        NAMES.iter().filter_map(|name| lower[from..].find(name).map(|at| from + at + name.len())).min()
    {
        masked.push_str(&url[from..value]);
        masked.push_str("***");
        from = url[value..].find(['&', ' ']).map_or(url.len(), |end| value + end);
    }
    masked.push_str(&url[from..]);
    masked
}

#[cfg(test)]
mod tests {
    use super::{DatabaseUrl, mask_url};

    #[test]
    fn a_password_is_masked_wherever_it_stands() {
        for (url, masked) in [
            ("postgres://ada:pw@db:5432/tasker", "postgres://ada:***@db:5432/tasker"),
            ("postgres://ada:p@s/s:w?rd@db/tasker", "postgres://ada:***@db/tasker"),
            (
                "postgres://db/tasker?user=ada&password=pw&sslmode=require",
                "postgres://db/tasker?user=ada&password=***&sslmode=require",
            ),
            ("postgres://db/t?sslpassword=a&PASSWORD=b", "postgres://db/t?sslpassword=***&PASSWORD=***"),
            ("ada:pw@db", "ada:***@db"),
            ("host=db password=pw user=ada", "host=db password=*** user=ada"),
            ("postgres://ada@db/tasker", "postgres://ada@db/tasker"),
            ("sqlite://tasker.db?mode=rwc", "sqlite://tasker.db?mode=rwc"),
            ("sqlite::memory:", "sqlite::memory:"),
            ("", ""),
        ] {
            assert_eq!(mask_url(url), masked);
        }
    }

    #[test]
    fn printing_a_url_never_shows_its_password() {
        let url = DatabaseUrl::from("postgres://ada:pw@db/tasker".to_owned());
        let printed = format!("{url} {url:?} {}", serde_json::to_string(&url).expect("a string"));
        assert!(!printed.contains("pw"), "{printed}");
        assert!(url.as_str().contains("pw"));
    }
}
