//! The library's parser, with its message on one line.

use async_graphql::ServerError;
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::parser::{Error, parse_query};

use crate::graphql::error::Code;

/// Parses a document whose size is already known to be reasonable.
pub fn parse(text: &str) -> Result<ExecutableDocument, ServerError> {
    parse_query(text).map_err(|error| {
        let mut refusal = match &error {
            Error::Syntax { message, start, .. } => {
                let what = expectation(message);
                let place = format!("line {}, column {}", start.line, start.column);
                Code::ParseFailed.refuse(format!("Syntax error at {place}: {what}"))
            }
            Error::RecursionLimitExceeded => return super::limits::exceeded("brackets", 64),
            other => Code::ParseFailed.refuse(format!("Syntax error: {other}")),
        };
        refusal.locations = error.positions().collect();
        refusal
    })
}

/// What the parser expected: the last line of a message that draws the place over five.
fn expectation(message: &str) -> String {
    let line = message.lines().rev().find_map(|line| line.trim_start().strip_prefix("= "));
    line.unwrap_or("this is not a GraphQL document").replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syntax_error_is_one_line_with_its_place() {
        let error = parse("{\n  a(\n}").unwrap_err();
        assert_eq!(error.message, "Syntax error at line 3, column 1: expected name");
        assert_eq!((error.locations[0].line, error.locations[0].column), (3, 1));
    }

    #[test]
    fn a_document_without_an_operation_is_not_one() {
        let error = parse("fragment F on Query { a }").unwrap_err();
        assert_eq!(Code::of(&error), Some(Code::ParseFailed));
    }
}
