//! The schema as one subject may use it: what it may not call is not there.
//!
//! Questions about the schema are answered by a schema of their own, made of the same text without the rest. It
//! has no resolvers that anyone reaches; the gate sends it nothing but `__schema` and `__type`.

mod build;
#[cfg(test)]
mod tests;
mod visible;

use std::sync::Arc;

use async_graphql::{dynamic::Schema, parser::types::TypeSystemDefinition};
use moka::sync::Cache;

pub use crate::config::Introspection;

use crate::auth::Permissions;

/// Different views that are kept. There are about as many as there are roles.
const VIEWS: u64 = 64;

/// The views of one schema. Cheap to clone.
#[derive(Clone)]
pub struct Views {
    definitions: Arc<Vec<TypeSystemDefinition>>,
    known: Cache<(Permissions, bool), Option<Schema>>,
}

impl Views {
    /// Of the schema with this text.
    pub fn from_sdl(sdl: &str) -> Result<Self, async_graphql::parser::Error> {
        let definitions = async_graphql::parser::parse_schema(sdl)?.definitions;
        Ok(Self { definitions: Arc::new(definitions), known: Cache::new(VIEWS) })
    }

    /// What a subject with these permissions may use; nothing where that is nothing.
    pub fn of(&self, held: Permissions, signed_in: bool) -> Option<Schema> {
        self.known.get_with((held, signed_in), || {
            let visible = visible::of(&self.definitions, held, signed_in)?;
            let built = build::schema(&visible);
            if let Err(error) = &built {
                tracing::error!(
                    error = error as &dyn std::error::Error,
                    "a view of the schema can't be built"
                );
            }
            built.ok()
        })
    }
}
