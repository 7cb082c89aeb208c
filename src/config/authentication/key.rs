//! The one key of a `jwt`: a shared secret or a public key, fit for every algorithm that is named.

use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};

use super::reader::Reader;

/// DER of the smallest RSA key that is accepted, 2048 bits, is longer than its modulus.
const LEAST_RSA: usize = 256;

/// A secret of HMAC is at least as long as its hash (RFC 7518, 3.2).
pub fn secret(reader: &mut Reader<'_>, algorithms: &[Algorithm]) -> Option<DecodingKey> {
    let secret = reader.text("secret")?;
    let least = algorithms.iter().map(|algorithm| hash_bytes(*algorithm)).max().unwrap_or(0);
    if secret.len() < least {
        let message = format!(
            "is shorter than the {least} bytes that the algorithm needs; `openssl rand -hex {least}` makes one"
        );
        return reader.wrong("secret", message);
    }
    Some(DecodingKey::from_secret(secret.as_bytes()))
}

const fn hash_bytes(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::HS256 => 32,
        Algorithm::HS384 => 48,
        Algorithm::HS512 => 64,
        _ => 0,
    }
}

/// PEM text, or a file of it.
pub fn public_key(reader: &mut Reader<'_>, algorithms: &[Algorithm]) -> Option<DecodingKey> {
    let text = reader.text("public_key")?;
    let pem = if text.contains("-----BEGIN") {
        text
    } else {
        match std::fs::read_to_string(reader.path(&text)) {
            Ok(text) => text,
            Err(error) => {
                let message =
                    format!("expected PEM text or a file, and the file cannot be read: {}", error.kind());
                return reader.wrong("public_key", message);
            }
        }
    };
    if pem.contains("PRIVATE KEY-----") {
        return reader.wrong(
            "public_key",
            "is a private key; give the public one, and keep the private one to the issuer",
        );
    }
    if pem.matches("-----BEGIN").count() != 1 || !pem.contains("PUBLIC KEY-----") {
        return reader.wrong("public_key", "expected one public key in PEM (`-----BEGIN PUBLIC KEY-----`)");
    }
    let family = algorithms.first()?.family();
    let key = match family {
        AlgorithmFamily::Rsa => DecodingKey::from_rsa_pem(pem.as_bytes()),
        AlgorithmFamily::Ec => DecodingKey::from_ec_pem(pem.as_bytes()),
        AlgorithmFamily::Ed => DecodingKey::from_ed_pem(pem.as_bytes()),
        AlgorithmFamily::Hmac => return None,
    };
    let key = key.ok().filter(|key| algorithms.iter().all(|algorithm| fits(key, *algorithm)));
    key.or_else(|| {
        let what = match family {
            AlgorithmFamily::Rsa => "an RSA key of at least 2048 bits",
            AlgorithmFamily::Ec => "a key on the curve of every algorithm: P-256 for ES256, P-384 for ES384",
            AlgorithmFamily::Ed => "an Ed25519 key",
            AlgorithmFamily::Hmac => "a secret",
        };
        reader.wrong("public_key", format!("is not {what}, or can't be read as PEM"))
    })
}

fn fits(key: &DecodingKey, algorithm: Algorithm) -> bool {
    let length = key.try_get_as_bytes().map_or(0, <[u8]>::len);
    match algorithm {
        // An uncompressed point.
        Algorithm::ES256 => length == 65,
        Algorithm::ES384 => length == 97,
        Algorithm::EdDSA => length == 32,
        _ => length > LEAST_RSA,
    }
}
