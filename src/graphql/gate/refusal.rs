//! What a caller is told who may not do what was asked.

use async_graphql::{PathSegment, Pos, ServerError, Value};

use crate::{
    auth::{Permission, Permissions, Subject},
    graphql::Code,
    model::id::TaskId,
    orchestration,
};

/// Permissions are missing: all of them are named, at once.
pub(super) fn missing(subject: &Subject, permissions: impl IntoIterator<Item = Permission>) -> ServerError {
    lacks(subject, permissions, |names| format!("You need {names} for this."))
}

/// A token would have what its issuer lacks.
pub(super) fn gives_too_much(subject: &Subject, beyond: Vec<Permission>) -> ServerError {
    lacks(subject, beyond, |names| {
        format!(
            "A token can do nothing that its issuer can't: you need {names}, wherever the token would have it."
        )
    })
}

fn lacks(
    subject: &Subject,
    permissions: impl IntoIterator<Item = Permission>,
    message: impl FnOnce(String) -> String,
) -> ServerError {
    let names: Vec<&str> = permissions.into_iter().map(Permission::as_str).collect();
    if subject.is_anonymous() {
        return sign_in();
    }
    let listed = Value::List(names.iter().map(|&name| name.into()).collect());
    Code::Forbidden.refuse_with(message(names.join(" and ")), None, [("missingPermissions", listed)])
}

/// Every permission is there, but nowhere all of them.
pub(super) fn nowhere(subject: &Subject, permissions: Permissions) -> ServerError {
    missing(subject, permissions.iter())
}

/// A token is to have a role that means nothing.
pub(super) fn unknown_role(role: &str) -> ServerError {
    Code::BadUserInput.refuse(format!("There is no role {role}: roles are those that the policy defines."))
}

/// Nobody has signed in, and somebody must have.
pub(super) fn sign_in() -> ServerError {
    Code::Unauthenticated.refuse("Sign in for this: send a credential in the Authorization header.")
}

/// What the subject may do can't be worked out, so it may do nothing.
pub(super) fn undecided() -> ServerError {
    Code::Forbidden.refuse("What you may do can't be worked out at the moment; try again.")
}

/// Steps are not for this credential.
pub(super) fn handlers(message: String) -> ServerError {
    Code::Forbidden.refuse(message)
}

/// Questions about the schema are not answered.
pub(super) fn no_introspection(subject: &Subject) -> ServerError {
    if subject.is_anonymous() {
        return sign_in();
    }
    Code::Forbidden.refuse("This service answers no questions about its schema.")
}

/// The schema is shown as the caller may use it, which is a schema of its own.
pub(super) fn mixed() -> ServerError {
    Code::BadUserInput.refuse("Ask about the schema in an operation of its own.")
}

/// There is no such task, or none that the caller may know of: the same words as the resolver's.
pub(super) fn unknown(task: TaskId, key: &str, pos: Pos) -> ServerError {
    let message = orchestration::Error::UnknownTask(task).to_string();
    Code::NotFound.refuse_at(message, pos).with_path(vec![PathSegment::Field(key.to_owned())])
}
