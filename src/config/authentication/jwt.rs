//! `type: jwt`: signed tokens of an issuer.

use std::time::Duration;

use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};

use super::{
    jwks::{self, JwksSettings},
    key,
    reader::Reader,
};

/// Which tokens are good, and what they say where.
#[derive(Clone)]
pub struct JwtSettings {
    /// Those of a token's signature, pinned.
    pub algorithms: Vec<Algorithm>,
    /// What signatures are verified with.
    pub keys: JwtKeys,
    /// One of these must have issued it; none means that nobody looks.
    pub issuers: Vec<String>,
    /// It must be for one of these; none means that nobody looks.
    pub audiences: Vec<String>,
    /// How far the clocks of issuer and service may differ.
    pub leeway: Duration,
    /// The claim that says who.
    pub subject_claim: String,
    /// The claim that says with which roles.
    pub roles_claim: String,
    /// The claim that says in which namespaces only.
    pub namespaces_claim: Option<String>,
}

/// What signatures are verified with.
#[derive(Clone)]
pub enum JwtKeys {
    /// A secret or a public key.
    One(DecodingKey),
    /// What the issuer publishes.
    Published(JwksSettings),
}

const ALGORITHMS: &str =
    "HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 or EdDSA";
const SOURCES: [&str; 3] = ["secret", "public_key", "jwks"];
const OF_JWKS: [&str; 4] = ["jwks_refresh", "jwks_cooldown", "jwks_max_age", "jwks_timeout"];

pub fn read(reader: &mut Reader<'_>) -> Option<JwtSettings> {
    let algorithms = algorithms(reader);
    let keys = keys(reader, &algorithms);
    let settings = JwtSettings {
        issuers: reader.texts("issuer"),
        audiences: reader.texts("audience"),
        leeway: reader.duration("leeway", Duration::ZERO, Duration::ZERO..=Duration::from_secs(300)),
        subject_claim: reader.text("subject_claim").unwrap_or_else(|| "sub".to_owned()),
        roles_claim: reader.text("roles_claim").unwrap_or_else(|| "roles".to_owned()),
        namespaces_claim: reader.text("namespaces_claim"),
        keys: JwtKeys::One(DecodingKey::from_secret(&[])),
        algorithms,
    };
    reader.finish();
    Some(JwtSettings { keys: keys?, ..settings })
}

fn algorithms(reader: &mut Reader<'_>) -> Vec<Algorithm> {
    let texts = reader.texts("algorithms");
    if !reader.has("algorithms") {
        let message = format!("which signatures are good: {ALGORITHMS}");
        reader.missing::<()>("algorithms", &message);
    }
    let mut found = Vec::new();
    for (no, text) in texts.iter().enumerate() {
        match text.parse::<Algorithm>() {
            Ok(algorithm) if found.contains(&algorithm) => {
                reader.wrong::<()>(&format!("algorithms[{no}]"), "is there twice");
            }
            Ok(algorithm) => found.push(algorithm),
            Err(_) => {
                reader.wrong::<()>(&format!("algorithms[{no}]"), format!("expected {ALGORITHMS}"));
            }
        }
    }
    found
}

/// From exactly one of the three sources, and the one that fits the algorithms.
fn keys(reader: &mut Reader<'_>, algorithms: &[Algorithm]) -> Option<JwtKeys> {
    SOURCES.into_iter().chain(OF_JWKS).for_each(|key| reader.know(key));
    let given: Vec<&str> = SOURCES.into_iter().filter(|source| reader.has(source)).collect();
    let (Some(source), None) = (given.first(), given.get(1)) else {
        let first = given.first().copied().unwrap_or("secret");
        let message =
            "the key of the signatures: give `secret` (HS…), `public_key` or `jwks`, and only one of them";
        return if given.is_empty() { reader.missing(first, message) } else { reader.wrong(first, message) };
    };
    let symmetric = algorithms.iter().filter(|algorithm| algorithm.family() == AlgorithmFamily::Hmac).count();
    let fitting = match *source {
        "secret" => symmetric == algorithms.len(),
        _ => symmetric == 0,
    };
    if !fitting {
        let message = "HS256, HS384 and HS512 take a `secret`, all other algorithms a `public_key` or `jwks`; don't mix them";
        return reader.wrong(source, message);
    }
    match *source {
        "secret" => {
            forbid_pace(reader);
            key::secret(reader, algorithms).map(JwtKeys::One)
        }
        "public_key" => {
            forbid_pace(reader);
            one_family(reader, algorithms)?;
            key::public_key(reader, algorithms).map(JwtKeys::One)
        }
        _ => jwks::read(reader).map(JwtKeys::Published),
    }
}

/// One key is of one kind.
fn one_family(reader: &mut Reader<'_>, algorithms: &[Algorithm]) -> Option<()> {
    let mixed = algorithms.windows(2).any(|pair| pair[0].family() != pair[1].family());
    if mixed {
        reader.wrong("algorithms", "one `public_key` can't be of several kinds; name those of its kind")
    } else {
        Some(())
    }
}

fn forbid_pace(reader: &mut Reader<'_>) {
    for key in OF_JWKS {
        if reader.has(key) {
            reader.wrong::<()>(key, "belongs to `jwks`, and there is none");
        }
    }
}
