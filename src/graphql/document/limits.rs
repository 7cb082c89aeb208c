//! What one document may ask for.

use async_graphql::ServerError;
use serde::Deserialize;

use crate::graphql::error::Code;

/// The limits of a document. All but the first two are those of the document with its fragments expanded.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Bytes of a request's body, and of a WebSocket message.
    pub body: usize,
    /// Tokens, comments and commas not counted. A text of more than 64 bytes for each of them has too many, too.
    pub tokens: u64,
    /// Fields, spreads and inline fragments, of all operations together.
    pub nodes: u64,
    /// Fields inside one another.
    pub depth: u64,
    /// Fields with an alias.
    pub aliases: u64,
    /// Fields at the root of one operation.
    pub root_fields: u64,
    /// Directives.
    pub directives: u64,
    /// Fields to resolve, where a list counts as often as it may have elements.
    pub complexity: u64,
    /// Fields inside one another below `__schema` and `__type`, which don't count for `depth`.
    pub introspection_depth: u64,
    /// The elements a list has for `complexity` when neither its arguments nor the schema say.
    pub list_size: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 1 << 20,
            tokens: 10_000,
            nodes: 5_000,
            depth: 20,
            aliases: 100,
            root_fields: 20,
            directives: 50,
            complexity: 10_000,
            introspection_depth: 20,
            // Steps of a task, parents of a step: an estimate that lets a page of 100 tasks with all three pass.
            list_size: 5,
        }
    }
}

/// Refuses a count above its limit.
pub(super) fn at_most(limit: &str, counted: u64, maximum: u64) -> Result<(), ServerError> {
    if counted <= maximum {
        return Ok(());
    }
    Err(exceeded(limit, maximum))
}

/// The refusal for a limit. It says the limit and not the count, which nobody needs to finish.
pub(super) fn exceeded(limit: &str, maximum: u64) -> ServerError {
    let message = format!("The document exceeds the limit of {maximum} {}", limit.replace('_', " "));
    Code::LimitExceeded.refuse_with(message, None, [("limit", limit.into()), ("maximum", maximum.into())])
}
