//! The words for what is permitted: resources and actions, as the permissions have them.

use std::collections::BTreeSet;

use crate::{auth::Permission, model::template::did_you_mean};

use super::problem::shown;

/// Every namespace, resource or action.
pub(super) const ANY: &str = "*";

/// Who has these could give themselves more, so a permission for every resource leaves them out. The model says the same.
const WRITTEN_OUT: [&str; 2] = ["tasker.api_token", "tasker.policy"];

/// What a line is about; `resource` and `action` are names or [`ANY`].
pub(super) fn permissions(resource: &str, action: &str, deny: bool) -> Vec<Permission> {
    let is_meant = |permission: &Permission| {
        let covered = resource == ANY && (deny || !WRITTEN_OUT.contains(&permission.resource()));
        (covered || resource == permission.resource()) && (action == ANY || action == permission.action())
    };
    Permission::ALL.iter().copied().filter(is_meant).collect()
}

/// Whether namespaces mean nothing to it.
pub(super) fn is_of_the_service(resource: &str) -> bool {
    Permission::ALL
        .iter()
        .any(|permission| permission.resource() == resource && permission.is_of_the_service())
}

/// Whether there is such a resource, or what is wrong with the word.
pub(super) fn resource(word: &str) -> Result<(), String> {
    let known: BTreeSet<&str> = Permission::ALL.iter().map(|permission| permission.resource()).collect();
    if word == ANY || known.contains(word) {
        return Ok(());
    }
    let near = did_you_mean(word, known.iter().copied());
    let known = if near.is_empty() {
        format!("; there are {}", known.into_iter().collect::<Vec<_>>().join(", "))
    } else {
        near
    };
    Err(format!("there is no resource {}{known}", shown(word)))
}

/// Whether the resource, which there is, has such an action, or what is wrong with the word.
pub(super) fn action(resource: &str, word: &str) -> Result<(), String> {
    let of_resource = |permission: &&Permission| resource == ANY || permission.resource() == resource;
    let known: BTreeSet<&str> =
        Permission::ALL.iter().filter(of_resource).map(|permission| permission.action()).collect();
    if word == ANY || known.contains(word) {
        return Ok(());
    }
    let whose = if resource == ANY { "no resource" } else { resource };
    let near = did_you_mean(word, known.iter().copied());
    let has = if resource == ANY { "has the action" } else { "has no action" };
    let known = if near.is_empty() {
        format!("; there are {}", known.into_iter().collect::<Vec<_>>().join(", "))
    } else {
        near
    };
    Err(format!("{whose} {has} {}{known}", shown(word)))
}
