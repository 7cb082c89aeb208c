//! Nobody gives away more than they have: what a token that is to be issued could do, its issuer can.

use async_graphql::{ServerError, Value};

use super::{refusal, root::Who};
use crate::auth::{Bounds, Subject, Wanted, Warden};

/// What the mutation that issues tokens takes.
pub(super) const INPUT: &str = "IssueApiTokenInput";

/// Refuses a token that could do something, somewhere, that its issuer can't. One that can't be issued anyhow is left to
/// those who say why.
pub(super) async fn may_give(warden: &Warden, wanted: &Wanted, issuer: Who<'_>) -> Result<(), ServerError> {
    if !wanted.mistakes().is_empty() {
        return Ok(());
    }
    if let Some(unknown) = wanted.roles.iter().find(|role| !warden.knows_role(role)) {
        return Err(refusal::unknown_role(unknown));
    }
    let shared = |names: &Vec<String>| names.iter().map(|name| name.as_str().into()).collect();
    let bounds = Bounds {
        namespaces: wanted.namespaces.as_ref().map(shared),
        handler_classes: wanted.handler_classes.as_ref().map(shared),
    };
    let holder = Subject::named(wanted.name.as_str())
        .with_roles(wanted.roles.iter().map(String::as_str))
        .within(bounds);
    let given = warden.grants(&holder).await.ok_or_else(refusal::undecided)?;
    let same = issuer.subject.name().is_some_and(|name| **name == *wanted.name);
    match given.beyond(issuer.grants, same) {
        beyond if beyond.is_empty() => Ok(()),
        beyond => Err(refusal::gives_too_much(issuer.subject, beyond)),
    }
}

/// The token that an input asks for, as the resolver will see it, but for how long it lives.
pub(super) fn wanted(input: &Value) -> Wanted {
    Wanted {
        name: texts(input, "name").and_then(|names| names.into_iter().next()).unwrap_or_default(),
        roles: texts(input, "roles").unwrap_or_default(),
        namespaces: texts(input, "namespaces"),
        handler_classes: texts(input, "handlerClasses"),
        expires_in: None,
    }
}

/// A list of texts; one is as good as a list of one. None where there is none.
fn texts(input: &Value, name: &str) -> Option<Vec<String>> {
    let Value::Object(fields) = input else { return None };
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        _ => None,
    };
    match fields.get(name)? {
        Value::Null => None,
        Value::List(items) => Some(items.iter().filter_map(text).collect()),
        one => Some(text(one).into_iter().collect()),
    }
}
