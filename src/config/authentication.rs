//! `authentication`: who may call, and how they show who they are.
//!
//! Each way to sign in is kept as it is written, and [`Authentication::read`] makes of it what the service works
//! with, or everything that is wrong with it. The check at load reads it once, the start of the service again.

mod api_token;
mod jwks;
mod jwt;
mod key;
mod proxy;
mod reader;
#[cfg(test)]
mod tests;

use std::{fmt, path::Path};

use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};
use serde_yaml::Value;

pub use self::jwks::{JwksPlace, JwksSettings, Pace};
pub use self::jwt::{JwtKeys, JwtSettings};
pub use self::proxy::ProxySettings;
use self::reader::Reader;

/// Who may call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Authentication {
    /// Whether a credential is looked at.
    pub enabled: bool,
    /// The ways to sign in, in order.
    pub authenticators: Vec<Written>,
}

/// One way to sign in, as it is written. It may hold a secret: printing it shows its type only.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Written(Value);

/// One way to sign in, complete and sound.
pub enum SignIn {
    /// By a signed token of an issuer.
    Jwt(Box<JwtSettings>),
    /// By a token of this service.
    ApiToken,
    /// By what a gateway in front says.
    Proxy(ProxySettings),
}

/// Which of them is wrong, a path within it, and a sentence that shows no value.
pub type Mistake = (String, String);

impl Authentication {
    /// The ways to sign in, or everything that is wrong with them. Relative paths start at `directory`.
    pub fn read(&self, directory: &Path) -> Result<Vec<SignIn>, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let read: Vec<Option<SignIn>> = self
            .authenticators
            .iter()
            .enumerate()
            .map(|(index, written)| {
                let mut reader = Reader::new(index, &written.0, directory, &mut mistakes)?;
                one(&mut reader)
            })
            .collect();
        repeated(&read, &mut mistakes);
        if mistakes.is_empty() { Ok(read.into_iter().flatten().collect()) } else { Err(mistakes) }
    }
}

fn one(reader: &mut Reader<'_>) -> Option<SignIn> {
    let kind = reader.text("type");
    match kind.as_deref() {
        Some("jwt") => jwt::read(reader).map(Box::new).map(SignIn::Jwt),
        Some("api_token") => api_token::read(reader),
        Some("proxy") => proxy::read(reader).map(SignIn::Proxy),
        Some("none") => {
            reader.wrong("type", "to let everybody in, write `authentication.enabled: false` instead")
        }
        Some(_) => reader.wrong("type", "expected `jwt`, `api_token` or `proxy`"),
        None => reader.missing("type", "say which: `jwt`, `api_token` or `proxy`"),
    }
}

/// Two that would judge the same credential: the second could only contradict the first.
fn repeated(read: &[Option<SignIn>], mistakes: &mut Vec<Mistake>) {
    for (index, later) in read.iter().enumerate() {
        let again = read[..index].iter().any(|earlier| match (earlier, later) {
            (Some(SignIn::Jwt(a)), Some(SignIn::Jwt(b))) => {
                a.issuers.is_empty()
                    || b.issuers.is_empty()
                    || a.issuers.iter().any(|issuer| b.issuers.contains(issuer))
            }
            (Some(SignIn::ApiToken), Some(SignIn::ApiToken))
            | (Some(SignIn::Proxy(_)), Some(SignIn::Proxy(_))) => true,
            _ => false,
        });
        if again {
            let message = "listed twice; several `jwt` must each name an `issuer` of their own";
            mistakes.push((format!("[{index}]"), message.to_owned()));
        }
    }
}

impl Written {
    fn kind(&self) -> &str {
        self.0.get("type").and_then(Value::as_str).unwrap_or("unknown")
    }
}

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{ type: {:?}, .. }}", self.kind())
    }
}

impl Serialize for Written {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("type", self.kind())?;
        map.end()
    }
}
