//! Gives every error of an answer its code, and hides what a caller must not read.
//!
//! The library's own errors have no code and a resolver's error may have none. The first are told apart by where
//! they arise and by how they begin; the second are faults.

use async_graphql::{PathSegment, Response, ServerError};

use super::{Code, is_request_error};
use crate::graphql::RequestId;

/// A caller learns nothing from the hundredth error of one document.
const MOST_REQUEST_ERRORS: usize = 20;

/// Puts a code on every error; faults become opaque and are logged here, once, with the request id.
pub fn normalize(mut response: Response, request_id: &RequestId) -> Response {
    let before_execution = is_request_error(&response);
    if before_execution {
        response.errors.truncate(MOST_REQUEST_ERRORS);
    }
    for error in &mut response.errors {
        shorten(&mut error.message);
        match Code::of(error).or_else(|| of_the_library(error, before_execution)) {
            Some(Code::Internal) | None => conceal(error, request_id),
            Some(code) => set_code(error, code),
        }
    }
    response
}

/// The code of an error the library made; `None` for one of a resolver.
fn of_the_library(error: &ServerError, before_execution: bool) -> Option<Code> {
    const INPUT: [&str; 4] =
        ["Invalid value for argument", "Failed to parse \"", "Expected input type \"", "Variable "];

    // A code we don't know is not the library's.
    if error.extensions.as_ref().is_some_and(|extensions| extensions.get("code").is_some()) {
        return None;
    }
    let about_input =
        INPUT[..if before_execution { 3 } else { 4 }].iter().any(|begin| error.message.starts_with(begin));
    match (about_input && error.source.is_none(), before_execution) {
        (true, _) => Some(Code::BadUserInput),
        (false, true) => Some(Code::ValidationRejected),
        (false, false) => None,
    }
}

/// The library quotes names as they were sent, however long they are.
fn shorten(message: &mut String) {
    const LONGEST: usize = 2_000;
    if message.len() > LONGEST {
        message.truncate(message.floor_char_boundary(LONGEST));
        message.push('…');
    }
}

fn set_code(error: &mut ServerError, code: Code) {
    // A suggestion names a field the caller may not know of.
    if code == Code::ValidationRejected
        && let Some(end) = error.message.find(" Did you mean ")
    {
        error.message.truncate(end);
    }
    error.extensions.get_or_insert_default().set("code", code.as_str());
}

fn conceal(error: &mut ServerError, request_id: &RequestId) {
    let path: Vec<String> = error.path.iter().map(segment).collect();
    tracing::error!(%request_id, path = path.join("."), error = error.message, "a resolver failed");
    let opaque =
        Code::Internal.refuse_with("Internal error", None, [("requestId", request_id.as_str().into())]);
    error.message = opaque.message;
    error.extensions = opaque.extensions;
    error.source = None;
}

fn segment(segment: &PathSegment) -> String {
    match segment {
        PathSegment::Field(name) => name.clone(),
        PathSegment::Index(index) => index.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_a_resolver(message: &str) -> ServerError {
        ServerError::new(message, None).with_path(vec![PathSegment::Field("task".into())])
    }

    fn normalized(error: ServerError) -> (Option<Code>, String) {
        let response = normalize(Response::from_errors(vec![error]), &RequestId::new());
        (Code::of(&response.errors[0]), response.errors[0].message.clone())
    }

    #[test]
    fn a_resolver_error_without_a_code_is_opaque() {
        assert_eq!(
            normalized(of_a_resolver("password wrong")),
            (Some(Code::Internal), "Internal error".into())
        );
    }

    #[test]
    fn a_code_outside_the_table_is_a_fault() {
        let mut error = of_a_resolver("secret");
        error.extensions.get_or_insert_default().set("code", "BOOM");
        assert_eq!(normalized(error), (Some(Code::Internal), "Internal error".into()));
    }

    #[test]
    fn a_resolver_error_keeps_its_code_and_text() {
        let mut error = of_a_resolver("no such task");
        error.extensions = Code::NotFound.refuse("").extensions;
        assert_eq!(normalized(error), (Some(Code::NotFound), "no such task".into()));
    }

    #[test]
    fn a_message_does_not_repeat_a_megabyte() {
        let error = of_a_resolver(&"ö".repeat(1_000_000)).clone();
        let mut error = ServerError { extensions: Code::NotFound.refuse("").extensions, ..error };
        error.path.clear();
        let (_, message) = normalized(error);
        assert!(message.len() < 2_010 && message.ends_with('…'));
    }

    #[test]
    fn what_validation_says_has_no_suggestion() {
        let error =
            ServerError::new("Unknown field \"taks\" on type \"Query\". Did you mean \"task\"?", None);
        assert_eq!(
            normalized(error),
            (Some(Code::ValidationRejected), "Unknown field \"taks\" on type \"Query\".".into())
        );
    }

    #[test]
    fn an_argument_that_cannot_be_read_is_bad_input() {
        let error =
            of_a_resolver("Failed to parse \"Int\": the value is 101, must be less than or equal to 100");
        assert_eq!(normalized(error).0, Some(Code::BadUserInput));
    }
}
