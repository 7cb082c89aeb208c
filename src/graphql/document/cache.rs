//! Parsed documents, by the hash of their text, in bounded memory.

use std::sync::Arc;

use async_graphql::ServerError;
use moka::sync::Cache;

use super::{Document, Limits};

/// Bytes a parsed document takes for each of its tokens, measured generously.
const BYTES_PER_TOKEN: u64 = 256;

/// The documents seen lately. Those that were refused are not kept: a refusal is cheap, memory is not.
#[derive(Clone)]
pub struct Documents {
    limits: Arc<Limits>,
    parsed: Cache<[u8; 32], Arc<Document>>,
}

impl Documents {
    /// Keeps documents within that many bytes.
    pub fn new(limits: Limits, bytes: u64) -> Self {
        let weigh = |_: &[u8; 32], document: &Arc<Document>| {
            let bytes = document.tokens.saturating_mul(BYTES_PER_TOKEN).saturating_add(1_024);
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        Self { limits: Arc::new(limits), parsed: Cache::builder().weigher(weigh).max_capacity(bytes).build() }
    }

    /// The document of this text, or what is wrong with it.
    pub fn get(&self, text: &str) -> Result<Arc<Document>, ServerError> {
        let key = *blake3::hash(text.as_bytes()).as_bytes();
        if let Some(document) = self.parsed.get(&key) {
            return Ok(document);
        }
        let document = Arc::new(Document::parse(text, &self.limits)?);
        self.parsed.insert(key, document.clone());
        Ok(document)
    }

    /// The limits they are held to.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }
}
