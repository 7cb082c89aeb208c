//! `logging`: what is logged, and in which form.

use serde::{Deserialize, Deserializer, Serialize, de};

/// What is logged, and in which form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Logging {
    /// For people or for machines.
    pub format: LogFormat,
    /// A level, or directives such as `info,tasker=debug`. `RUST_LOG` wins.
    pub level: String,
    /// What a sensitive field's name contains.
    pub mask: Vec<String>,
}

/// What the names of sensitive fields contain.
const MASK: [&str; 11] = [
    "passw",
    "secret",
    "token",
    "_key",
    "crypt",
    "salt",
    "certificate",
    "otp",
    "ssn",
    "authorization",
    "cookie",
];

impl Default for Logging {
    fn default() -> Self {
        Self { format: LogFormat::Pretty, level: "info".to_owned(), mask: MASK.map(Into::into).into() }
    }
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

impl<'de> Deserialize<'de> for LogFormat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer).as_deref() {
            Ok("pretty") => Ok(Self::Pretty),
            Ok("json") => Ok(Self::Json),
            _ => Err(de::Error::custom("expected `pretty` or `json`")),
        }
    }
}
