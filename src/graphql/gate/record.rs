//! What the audit log says of a decision: who, which fields, what they need. Never what was sent along.

use async_graphql::{ServerError, Value, parser::types::OperationType};

use super::collect::RootNeeds;
use crate::{
    auth::{Grants, Permissions},
    graphql::{Code, executor::Asked},
    model::audit::{Act, Verdict, Way, printable},
};

/// The operation may run. Its mutations add what each of them is.
pub(super) fn permitted(asked: Asked<'_>, grants: &Grants) -> Act {
    let Asked { operation, subject, request_id, way, .. } = asked;
    Act {
        verdict: Verdict::Allowed,
        code: None,
        subject: subject.name().map(|name| printable(name).into()),
        credential: subject.credential().cloned(),
        operation: operation.name.map(|name| printable(name)),
        way: way.unwrap_or(match operation.definition.node.ty {
            OperationType::Query => Way::Query,
            OperationType::Mutation => Way::Mutation,
            OperationType::Subscription => Way::Subscription,
        }),
        fields: Vec::new(),
        permissions: Vec::new(),
        missing: Vec::new(),
        policy_version: (grants.version() > 0).then(|| grants.version()),
        request_id: Some(request_id.as_str().into()),
    }
}

/// These root fields were refused, with this error.
pub(super) fn refused(
    asked: Asked<'_>,
    roots: &[RootNeeds<'_>],
    error: &ServerError,
    grants: &Grants,
) -> Act {
    // Names that the schema does not have are the caller's, of any length, and as many as it likes.
    let known = roots.iter().filter(|root| root.exists);
    let mut fields: Vec<String> = known.map(|root| root.field.node.name.node.to_string()).collect();
    fields.sort_unstable();
    fields.dedup();
    let permissions = roots.iter().fold(Permissions::NONE, |all, root| all.or(root.needs.permissions));
    Act {
        verdict: Verdict::Refused,
        code: Code::of(error).map(|code| code.as_str().to_owned()),
        fields,
        permissions: names(permissions),
        missing: missing(error),
        ..permitted(asked, grants)
    }
}

/// Whether the error says that somebody may not do something, rather than that it makes no sense.
pub(super) fn is_refusal(error: &ServerError) -> bool {
    matches!(Code::of(error), Some(Code::Forbidden | Code::Unauthenticated))
}

/// As a policy writes them.
pub(super) fn names(permissions: Permissions) -> Vec<String> {
    permissions.iter().map(|permission| permission.to_string()).collect()
}

/// What an error says is missing.
pub(super) fn missing(error: &ServerError) -> Vec<String> {
    let listed = error.extensions.as_ref().and_then(|extensions| extensions.get("missingPermissions"));
    match listed {
        Some(Value::List(names)) => names
            .iter()
            .filter_map(|name| match name {
                Value::String(name) => Some(name.clone()),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}
