//! What the holder of a token has: `tasker_`, 256 random bits and a checksum.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// So that people, and those who scan for leaked secrets, know what they found.
const PREFIX: &str = "tasker_";
const RANDOM: usize = 32;
const CHECKSUM: usize = 4;

/// A token as its holder writes it. Shown once, when it is issued; never printed and never stored.
pub struct Secret(String);

/// What is stored of a token: its SHA-256. With 256 random bits behind it nothing slower is needed.
#[derive(Debug, Clone, Copy, Eq)]
pub struct TokenHash([u8; 32]);

impl Secret {
    /// A new one.
    pub fn generate() -> Self {
        Self::of(rand::random())
    }

    fn of(random: [u8; RANDOM]) -> Self {
        let mut bytes = random.to_vec();
        bytes.extend(checksum(&random));
        Self(format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// The text, for its holder.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    pub fn hash(&self) -> TokenHash {
        hash(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl TokenHash {
    /// Of any token, for an application that gives out its own: long and random, since the hash is a fast one.
    pub fn of(token: &str) -> Self {
        hash(token)
    }

    /// As it is stored.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// To be stored.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// In the same time whatever they are.
impl PartialEq for TokenHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl std::hash::Hash for TokenHash {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

/// Whether a text claims to be a token of this service.
pub fn is_one(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// The hash of a text that can be a token; none for one that was mistyped or cut off.
pub fn read(text: &str) -> Option<TokenHash> {
    let encoded = text.strip_prefix(PREFIX).filter(|encoded| encoded.len() == (RANDOM + CHECKSUM) / 3 * 4)?;
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(encoded).ok()?;
    let (random, sum) = bytes.split_at_checked(RANDOM)?;
    (checksum(random)[..] == *sum).then(|| hash(text))
}

fn hash(text: &str) -> TokenHash {
    TokenHash(Sha256::digest(text).into())
}

fn checksum(random: &[u8]) -> [u8; CHECKSUM] {
    let digest: [u8; 32] = Sha256::new().chain_update(PREFIX).chain_update(random).finalize().into();
    [digest[0], digest[1], digest[2], digest[3]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_as_what_is_stored_of_it() {
        let secret = Secret::generate();
        assert!(is_one(secret.reveal()));
        assert_eq!(secret.reveal().len(), 55);
        assert_eq!(read(secret.reveal()), Some(secret.hash()));
        assert_ne!(secret.hash(), Secret::generate().hash());
        assert_eq!(TokenHash::from_bytes(secret.hash().as_bytes()), Some(secret.hash()));
    }

    #[test]
    fn a_mistyped_or_cut_off_token_is_recognised_without_looking_it_up() {
        let secret = Secret::of([7; RANDOM]);
        let text = secret.reveal();
        assert_eq!(read(&text[..54]), None);
        assert_eq!(read(&format!("{text}A")), None);
        assert_eq!(read(&text[7..]), None);
        for at in 7..text.len() {
            let other = if &text[at..=at] == "x" { "y" } else { "x" };
            assert_eq!(read(&format!("{}{other}{}", &text[..at], &text[at + 1..])), None, "at {at}");
        }
        for odd in ["tasker_", "tasker_é", "tasker_!!", &format!("tasker_{}", "=".repeat(48))] {
            assert_eq!(read(odd), None);
        }
    }

    #[test]
    fn a_token_is_never_printed() {
        assert_eq!(format!("{:?}", Secret::generate()), "Secret(***)");
    }
}
