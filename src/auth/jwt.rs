//! Who calls, as a signed token says: JSON Web Tokens of an issuer that the configuration trusts.
//!
//! Which algorithms are good is the configuration's word, never the token's, and each key is of one kind: a public
//! key can't become a shared secret.

mod claims;
mod crypto;
mod jwks;
mod key_set;
mod source;
#[cfg(test)]
mod tests;

use std::time::Duration;

use async_trait::async_trait;
use jsonwebtoken::{
    Algorithm, DecodingKey, Header, Validation, dangerous::insecure_decode_claims, decode, decode_header,
    errors::ErrorKind,
};

use self::{
    claims::{Claims, Names},
    jwks::{Jwks, Missing},
    key_set::KeySet,
};
use super::{Authenticator, Credentials, Now, Rejected, Subject, chain::BEARER, shown::Shown};
use crate::config::{JwtKeys, JwtSettings};

/// Longer tokens are refused unread.
const MOST_BYTES: usize = 16 << 10;

/// A secret of HMAC is at least as long as its hash (RFC 7518, 3.2).
const LEAST_SECRET: usize = 32;

/// Takes the tokens of one issuer.
pub struct Jwt {
    keys: Keys,
    algorithms: Vec<Algorithm>,
    issuers: Vec<String>,
    audiences: Vec<String>,
    leeway: Duration,
    names: Names,
    now: Now,
}

enum Keys {
    One(DecodingKey),
    Published(Jwks),
}

impl Jwt {
    /// As configured. Published keys are read from now on, so this must be called within a runtime.
    pub fn new(settings: JwtSettings, now: Now) -> Result<Self, reqwest::Error> {
        crypto::install();
        let keys = match settings.keys {
            JwtKeys::One(key) => Keys::One(key),
            JwtKeys::Published(settings) => Keys::Published(Jwks::keep(settings)?),
        };
        let names = Names {
            subject: settings.subject_claim,
            roles: settings.roles_claim,
            namespaces: settings.namespaces_claim,
        };
        Ok(Self {
            keys,
            algorithms: settings.algorithms,
            issuers: settings.issuers,
            audiences: settings.audiences,
            leeway: settings.leeway,
            names,
            now,
        })
    }

    /// For tokens with the claims `sub`, `roles` and `exp`, signed with this secret by HS256: at least 32 bytes.
    pub fn with_secret(secret: &str, now: Now) -> Result<Self, String> {
        if secret.len() < LEAST_SECRET {
            return Err(format!(
                "the secret is shorter than the {LEAST_SECRET} bytes that HS256 needs; `openssl rand -hex 32` makes one"
            ));
        }
        crypto::install();
        Ok(Self {
            keys: Keys::One(DecodingKey::from_secret(secret.as_bytes())),
            algorithms: vec![Algorithm::HS256],
            issuers: Vec::new(),
            audiences: Vec::new(),
            leeway: Duration::ZERO,
            names: Names { subject: "sub".to_owned(), roles: "roles".to_owned(), namespaces: None },
            now,
        })
    }

    /// Waits until published keys were read, or could not be, once: so that the first callers find them.
    pub async fn ready(&self) {
        if let Keys::Published(keys) = &self.keys {
            keys.tried().await;
        }
    }

    /// Whether a token that can be read is this issuer's to judge. Nothing else is believed before it is verified.
    fn is_ours(&self, token: &str) -> bool {
        let Ok(claims) = insecure_decode_claims::<Claims>(token) else { return true };
        let issuer = claims.get("iss").and_then(|issuer| issuer.as_str());
        self.issuers.is_empty() || issuer.is_some_and(|issuer| self.issuers.iter().any(|ours| ours == issuer))
    }

    fn judge(&self, token: &str) -> Result<Subject, Rejected> {
        let header = decode_header(token)
            .map_err(|_| invalid("the token's header can't be read, or its algorithm is none there is"))?;
        if !self.algorithms.contains(&header.alg) {
            return Err(invalid("the token is signed with an algorithm that is not accepted"));
        }
        if header.crit.is_some() {
            return Err(invalid("the token demands an extension (`crit`), and none is understood"));
        }
        let key = self.key(&header)?;
        let claims = decode::<Claims>(token, &key, &self.validation(header.alg))
            .map_err(|error| refusal(error.kind()))?
            .claims;
        let end = claims::in_time(&claims, self.leeway, (self.now)())?;
        Ok(claims::subject(&claims, &self.names)?.until(end))
    }

    fn key(&self, header: &Header) -> Result<DecodingKey, Rejected> {
        match &self.keys {
            Keys::One(key) => Ok(key.clone()),
            Keys::Published(keys) => {
                keys.find(header.kid.as_deref(), header.alg).map_err(|missing| match missing {
                    Missing::Unavailable => Rejected::Unavailable,
                    Missing::Unknown => invalid(
                        "the token is signed with a key that its issuer has not published yet, or no longer",
                    ),
                })
            }
        }
    }

    /// Time is looked at afterwards, by the service's clock.
    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        validation.validate_aud = !self.audiences.is_empty();
        if validation.validate_aud {
            validation.set_audience(&self.audiences);
            validation.required_spec_claims.insert("aud".to_owned());
        }
        if !self.issuers.is_empty() {
            validation.set_issuer(&self.issuers);
            validation.required_spec_claims.insert("iss".to_owned());
        }
        validation
    }
}

#[async_trait]
impl Authenticator for Jwt {
    async fn authenticate(&self, credentials: &Credentials) -> Result<Option<Subject>, Rejected> {
        let shown = Shown::of(&credentials.headers)?;
        let Some(token) = shown.bearer().filter(|token| token.split('.').count() == 3) else {
            return Ok(None);
        };
        if token.len() > MOST_BYTES {
            return Err(invalid("the token is longer than 16 KiB"));
        }
        if !self.is_ours(token) {
            return Ok(None);
        }
        self.judge(token).map(Some)
    }

    fn challenge(&self) -> Option<&'static str> {
        Some(BEARER)
    }
}

/// In words, and without anything of the token.
fn refusal(kind: &ErrorKind) -> Rejected {
    invalid(match kind {
        ErrorKind::InvalidSignature => "the token's signature is wrong",
        ErrorKind::InvalidIssuer => "the token is another issuer's",
        ErrorKind::InvalidAudience => "the token is for another audience",
        ErrorKind::MissingRequiredClaim(claim) if claim == "aud" => "the token names no audience (`aud`)",
        ErrorKind::MissingRequiredClaim(_) => "the token names no issuer (`iss`)",
        _ => "the token can't be read",
    })
}

fn invalid(why: &str) -> Rejected {
    Rejected::Invalid(why.to_owned())
}
