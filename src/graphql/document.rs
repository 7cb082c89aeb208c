//! A document that was parsed, is within its limits and obeys the rules the library lacks.
//!
//! All of it happens before the library sees the document, whose validation takes seconds for a kilobyte of
//! fragments that spread one another. What is decided here depends on the text alone, so it is decided once a text.

pub mod cache;
mod complexity;
mod flatten;
mod fragments;
mod limits;
mod measure;
mod parse;
mod resume;
mod roots;
mod rules;
#[cfg(test)]
mod tests;
mod tokens;
pub mod variables;

use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, Field, OperationDefinition};
use async_graphql::{Name, Positioned, ServerError};

pub use complexity::check as check_complexity;
pub use limits::Limits;

use super::error::Code;

/// A document fit to be executed, given its variables and a permission.
#[derive(Clone, Debug)]
pub struct Document {
    parsed: ExecutableDocument,
    tokens: u64,
}

/// The operation of a document that was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Operation<'a> {
    /// The document it is in, with its fragments.
    pub document: &'a Document,
    /// Its name, if it has one.
    pub name: Option<&'a Name>,
    /// What it says.
    pub definition: &'a Positioned<OperationDefinition>,
}

impl Document {
    /// Reads a text, or says what is wrong with it.
    pub fn parse(text: &str, limits: &Limits) -> Result<Self, ServerError> {
        let tokens = tokens::check(text, limits)?;
        let mut parsed = parse::parse(text)?;
        measure::check(&parsed, limits)?;
        rules::check(&parsed)?;
        roots::check(&parsed)?;
        flatten::operations(&mut parsed);
        Ok(Self { parsed, tokens })
    }

    /// The parsed document.
    pub fn parsed(&self) -> &ExecutableDocument {
        &self.parsed
    }

    /// The operation with that name; without a name, the only one.
    pub fn operation(&self, name: Option<&str>) -> Result<Operation<'_>, ServerError> {
        let found = match (&self.parsed.operations, name) {
            (DocumentOperations::Single(definition), None) => Some((None, definition)),
            (DocumentOperations::Single(_), Some(_)) => None,
            (DocumentOperations::Multiple(all), Some(name)) => {
                all.get_key_value(name).map(|(name, definition)| (Some(name), definition))
            }
            (DocumentOperations::Multiple(all), None) if all.len() > 1 => {
                return Err(Code::BadUserInput
                    .refuse("The document has several operations: say which, in operationName"));
            }
            (DocumentOperations::Multiple(all), None) => {
                all.iter().next().map(|(name, definition)| (Some(name), definition))
            }
        };
        match found {
            Some((name, definition)) => Ok(Operation { document: self, name, definition }),
            None => Err(Code::BadUserInput.refuse("The document has no operation with that operationName")),
        }
    }
}

impl<'a> Operation<'a> {
    /// Its root fields, through fragments, in the order they are written. `@skip` and `@include` are not looked at.
    pub fn roots(&self) -> Vec<&'a Positioned<Field>> {
        roots::collect(&self.document.parsed, &self.definition.node.selection_set.node)
    }
}
