//! The keys of a JWKS that can verify a token, and which of them a token means.

use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse},
};
use serde_json::Value;

/// More keys than any issuer rotates through.
const MOST_KEYS: usize = 100;

/// Keys of one issuer.
#[derive(Debug, Default)]
pub struct KeySet {
    keys: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

impl KeySet {
    /// Reads `{"keys": […]}`. Keys for other uses, of unknown kinds, or shared secrets are left out.
    pub fn read(text: &[u8]) -> Result<Self, &'static str> {
        let mut set: Value = serde_json::from_slice(text).map_err(|_| "it is not JSON")?;
        let Some(Value::Array(keys)) = set.get_mut("keys").map(Value::take) else {
            return Err("it has no list named `keys`");
        };
        if keys.len() > MOST_KEYS {
            return Err("it has more than 100 keys");
        }
        let keys: Vec<Entry> = keys.into_iter().filter_map(entry).collect();
        if keys.is_empty() { Err("it has no key that verifies signatures") } else { Ok(Self { keys }) }
    }

    /// The key of a token with this id and algorithm. A token without an id means the only key there is for it.
    pub fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&DecodingKey> {
        let mut fitting = self.keys.iter().filter(|entry| {
            entry.algorithms.contains(&algorithm) && (id.is_none() || entry.id.as_deref() == id)
        });
        match (fitting.next(), fitting.next()) {
            (Some(entry), None) => Some(&entry.key),
            _ => None,
        }
    }
}

fn entry(value: Value) -> Option<Entry> {
    let jwk: Jwk = serde_json::from_value(value).ok()?;
    let common = &jwk.common;
    let for_signatures = common.public_key_use.as_ref().is_none_or(|given| *given == PublicKeyUse::Signature);
    let verifies = common.key_operations.as_ref().is_none_or(|given| given.contains(&KeyOperations::Verify));
    let mut algorithms = algorithms(&jwk.algorithm);
    if let Some(only) = common.key_algorithm {
        let only = Algorithm::try_from(only).ok()?;
        algorithms.retain(|algorithm| *algorithm == only);
    }
    let usable = for_signatures && verifies && !algorithms.is_empty();
    let key = DecodingKey::from_jwk(&jwk).ok().filter(|_| usable)?;
    Some(Entry { id: jwk.common.key_id, algorithms, key })
}

/// What a key of this kind can verify. A shared secret has no business in a JWKS.
fn algorithms(parameters: &AlgorithmParameters) -> Vec<Algorithm> {
    use Algorithm::*;
    match parameters {
        AlgorithmParameters::RSA(_) => vec![RS256, RS384, RS512, PS256, PS384, PS512],
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => vec![ES256],
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P384 => vec![ES384],
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => vec![EdDSA],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ed(id: &str) -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "kid": id, "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
    }

    fn read(keys: Vec<Value>) -> Result<KeySet, &'static str> {
        KeySet::read(json!({ "keys": keys }).to_string().as_bytes())
    }

    #[test]
    fn a_key_is_found_by_its_id() {
        let set = read(vec![ed("a"), ed("b")]).expect("keys");
        assert!(set.find(Some("b"), Algorithm::EdDSA).is_some());
        assert!(set.find(Some("c"), Algorithm::EdDSA).is_none());
        assert!(set.find(Some("../../etc/passwd"), Algorithm::EdDSA).is_none());
        assert!(set.find(Some("b"), Algorithm::ES256).is_none(), "not with another algorithm");
    }

    #[test]
    fn a_token_without_an_id_means_the_only_key() {
        assert!(read(vec![ed("a")]).expect("a key").find(None, Algorithm::EdDSA).is_some());
        assert!(read(vec![ed("a"), ed("b")]).expect("keys").find(None, Algorithm::EdDSA).is_none());
    }

    #[test]
    fn what_does_not_verify_is_left_out() {
        let with = |name: &str, value: Value| {
            let mut key = ed("other");
            key[name] = value;
            key
        };
        let set = read(vec![
            ed("good"),
            with("use", json!("enc")),
            with("key_ops", json!(["sign"])),
            with("alg", json!("RS256")),
            with("kty", json!("new")),
            json!({"kty": "oct", "kid": "other", "k": "c2VjcmV0"}),
            json!({"kty": "EC", "crv": "P-521", "kid": "other", "x": "AA", "y": "AA"}),
            json!(7),
        ]);
        let set = set.expect("one key");
        assert_eq!(set.keys.len(), 1);
        assert!(set.find(Some("other"), Algorithm::HS256).is_none());
    }

    #[test]
    fn what_is_no_key_set_is_refused() {
        for text in
            ["", "[]", "{}", r#"{"keys": {}}"#, r#"{"keys": []}"#, r#"{"keys": [{"kty": "oct", "k": "AA"}]}"#]
        {
            assert!(KeySet::read(text.as_bytes()).is_err(), "{text}");
        }
    }
}
