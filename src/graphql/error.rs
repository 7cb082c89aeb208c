//! The codes an answer can carry in `extensions.code`. There are no others.

mod normalize;

use async_graphql::{Error, ErrorExtensionValues, Pos, Response, ServerError, Value};

pub use normalize::normalize;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// Why an operation, or one field of it, has no result.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code there is.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The code as a caller reads it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The code with that text.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$name),)* _ => None }
            }
        }
    };
}

codes! {
    /// The text is not a GraphQL document.
    ParseFailed = "GRAPHQL_PARSE_FAILED",
    /// The document does not fit the schema.
    ValidationRejected = "GRAPHQL_VALIDATION_FAILED",
    /// A variable, an argument or the request around the document is not what it has to be.
    BadUserInput = "BAD_USER_INPUT",
    /// The document asks for more than one request may.
    LimitExceeded = "LIMIT_EXCEEDED",
    /// No credential, or one that is not valid.
    Unauthenticated = "UNAUTHENTICATED",
    /// The caller lacks a permission.
    Forbidden = "FORBIDDEN",
    /// There is no such thing, or none the caller may know of.
    NotFound = "NOT_FOUND",
    /// It is not in a status that allows this.
    Conflict = "CONFLICT",
    /// The content is well formed and not acceptable, such as a context its template refuses.
    ValidationFailed = "VALIDATION_FAILED",
    /// What came after this cursor is no longer kept.
    CursorExpired = "CURSOR_EXPIRED",
    /// The service has too much to do.
    Overloaded = "OVERLOADED",
    /// This caller asks too often.
    RateLimited = "RATE_LIMITED",
    /// It took too long and was given up.
    Timeout = "TIMEOUT",
    /// A fault of the service. Its text is in the log, under the request id.
    Internal = "INTERNAL",
}

impl Code {
    /// An error for a resolver to answer with.
    pub fn error(self, message: impl Into<String>) -> Error {
        self.error_with(message, [])
    }

    /// An error with more values beside its code, such as `missingPermissions`.
    pub fn error_with<const N: usize>(self, message: impl Into<String>, more: [(&str, Value); N]) -> Error {
        let mut error = Error::new(message);
        error.extensions = Some(self.extensions(more));
        error
    }

    /// An error that refuses a whole operation before any of it runs.
    pub fn refuse(self, message: impl Into<String>) -> ServerError {
        self.refuse_with(message, None, [])
    }

    /// The same, for a place in the document.
    pub fn refuse_at(self, message: impl Into<String>, pos: Pos) -> ServerError {
        self.refuse_with(message, Some(pos), [])
    }

    /// The same, with more values beside its code.
    pub fn refuse_with<const N: usize>(
        self,
        message: impl Into<String>,
        pos: Option<Pos>,
        more: [(&str, Value); N],
    ) -> ServerError {
        let mut error = ServerError::new(message, pos);
        error.extensions = Some(self.extensions(more));
        error
    }

    /// The code an error carries, if it carries one of these.
    pub fn of(error: &ServerError) -> Option<Self> {
        match error.extensions.as_ref()?.get("code")? {
            Value::String(text) => Self::parse(text),
            _ => None,
        }
    }

    fn extensions<const N: usize>(self, more: [(&str, Value); N]) -> ErrorExtensionValues {
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", self.as_str());
        for (name, value) in more {
            extensions.set(name, value);
        }
        extensions
    }
}

/// A fault for the log: the whole chain of causes is in it, and none of it reaches the caller.
pub fn internal(fault: &(dyn std::error::Error + 'static)) -> Error {
    let chain = std::iter::successors(Some(fault), |cause| cause.source());
    let text = chain.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    Code::Internal.error(text)
}

/// Whether nothing of the operation ran. Such an answer has no `data` entry at all.
pub fn is_request_error(response: &Response) -> bool {
    !response.errors.is_empty()
        && response.data == Value::Null
        && response.errors.iter().all(|error| error.path.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_back_from_the_error_that_carries_it() {
        let error = Code::Forbidden.refuse("no");
        assert_eq!(Code::of(&error), Some(Code::Forbidden));
        assert_eq!(Code::of(&ServerError::new("no", None)), None);
    }

    #[derive(Debug, thiserror::Error)]
    #[error("cannot store the task")]
    struct NotStored(#[source] std::io::Error);

    #[test]
    fn the_chain_of_causes_is_in_an_internal_error() {
        let fault = NotStored(std::io::Error::other("disk full"));
        assert_eq!(internal(&fault).message, "cannot store the task: disk full");
    }
}
