//! What can be wrong with fragments: unknown, in a circle, not used.

use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{Name, Positioned, ServerError};

use crate::graphql::error::Code;

/// The refusal of a spread that leads back to itself.
pub fn cycle(spread: &Positioned<Name>) -> ServerError {
    let message = format!("Cannot spread fragment \"{}\" within itself", spread.node);
    Code::ValidationRejected.refuse_at(message, spread.pos)
}

/// The refusal of a spread of nothing.
pub fn unknown(spread: &Positioned<Name>) -> ServerError {
    Code::ValidationRejected.refuse_at(format!("Unknown fragment \"{}\"", spread.node), spread.pos)
}

/// Refuses a document with a fragment that no operation reaches, and so nobody has measured.
pub fn all_used(document: &ExecutableDocument, used: impl Fn(&str) -> bool) -> Result<(), ServerError> {
    let unused = document.fragments.iter().filter(|(name, _)| !used(name));
    match unused.min_by_key(|(_, definition)| definition.pos) {
        None => Ok(()),
        Some((name, definition)) => {
            let message = format!("Fragment \"{name}\" is never used");
            Err(Code::ValidationRejected.refuse_at(message, definition.pos))
        }
    }
}
