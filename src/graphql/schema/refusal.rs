//! What a caller is told when something can't be done: the engine's errors as codes with useful values.

use std::borrow::Borrow;

use async_graphql::{Error, Name, Value};

use crate::{
    data,
    graphql::error::{Code, internal},
    model::{status::Status, task::Refusal, template::Violation},
    orchestration,
};

/// What became of a cursor.
pub const EXPIRED: &str = "this cursor is older than what is kept of the log; start without it, and read anew what \
                           it was needed for";

/// Seconds after which it is worth trying again.
const RETRY_AFTER: i32 = 1;

/// The answer to a verb that was not carried out.
pub fn refused(error: orchestration::Error) -> Error {
    use orchestration::Error as E;
    let message = error.to_string();
    match error {
        E::UnknownTask(_) | E::UnknownStep(_) | E::UnknownTemplate(_) => Code::NotFound.error(message),
        E::Refused { refusal: Refusal::UnknownStep, .. } => Code::NotFound.error(message),
        E::Refused { refusal: Refusal::Task(status) | Refusal::Step(status), .. } => {
            Code::Conflict.error_with(message, [("status", word(status))])
        }
        E::Refused { refusal: Refusal::Lease(status), .. } => match status {
            Some(status) => Code::Conflict.error_with(message, [("status", word(status))]),
            None => Code::Conflict.error(message),
        },
        E::Refused { refusal: Refusal::Undeclared(_), .. } => Code::BadUserInput.error(message),
        E::KeyReused { task, .. } => {
            Code::Conflict.error_with(message, [("taskId", task.to_string().into())])
        }
        E::TooManyAnnotations { .. } => Code::Conflict.error(message),
        E::Invalid(violations) => {
            Code::ValidationFailed.error_with(message, [("violations", listed(violations))])
        }
        E::BadInput(_) => Code::BadUserInput.error(message),
        E::At { index, source } => at(index, message, refused(*source)),
        E::Overloaded | E::Stopping => {
            Code::Overloaded.error_with(message, [("retryAfter", RETRY_AFTER.into())])
        }
        E::Data(error) if error.is_crowded() => crowded(),
        E::Data(_) => internal(&error),
    }
}

/// The answer when something could not be read.
pub fn unread(error: impl Borrow<data::Error>) -> Error {
    match error.borrow() {
        data::Error::Stopped => {
            Code::Overloaded.error_with("the service is shutting down", [("retryAfter", RETRY_AFTER.into())])
        }
        data::Error::Expired => Code::CursorExpired.error(EXPIRED),
        error if error.is_crowded() => crowded(),
        other => internal(other),
    }
}

fn crowded() -> Error {
    let message = "the service is asked for more than its database connections allow; try again in a moment";
    Code::Overloaded.error_with(message, [("retryAfter", RETRY_AFTER.into())])
}

/// The same error, for one of several requests.
fn at(index: usize, message: String, inner: Error) -> Error {
    let mut extensions = inner.extensions.unwrap_or_default();
    extensions.set("index", u64::try_from(index).unwrap_or(u64::MAX));
    let mut error = Error::new(message);
    if extensions.get("code") == Some(&Code::Internal.as_str().into()) {
        error.message = inner.message;
    }
    error.extensions = Some(extensions);
    error
}

/// A status as the schema writes it.
fn word(status: Status) -> Value {
    Value::Enum(Name::new(status.as_str().to_uppercase()))
}

fn listed(violations: Vec<Violation>) -> Value {
    let one = |Violation { pointer, message }| {
        Value::Object(
            [(Name::new("pointer"), pointer.into()), (Name::new("message"), Value::String(message))].into(),
        )
    };
    Value::List(violations.into_iter().map(one).collect())
}
