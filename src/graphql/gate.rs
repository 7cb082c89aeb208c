//! Decides whether an operation runs: whole or not at all, before anything of it does.
//!
//! What a field needs is read from the schema's own `@authorize`; what the operation needs is collected from the
//! parsed document, on every way a field can be reached; what the caller has is one lookup. Resolvers get the
//! decision and look at it again.

mod admit;
mod arguments;
mod collect;
mod decision;
mod explain;
mod questions;
mod record;
mod refusal;
mod requirements;
mod root;
mod targets;
#[cfg(test)]
mod tests;
mod tokens;

pub use admit::Gate;
pub use decision::{Decision, RootDecision};
pub use explain::{ExplainedField, ExplainedRefusal, Explainer, Explanation, Question};
pub use requirements::{Incomplete, Requirements};
