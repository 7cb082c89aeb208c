//! The policy: loaded again on request.

use std::sync::Arc;

use async_graphql::{Context, Name, Object, Result, SimpleObject, Value};

use super::{
    authorize::authorize,
    caller::{Needs, caller},
    refusal::unread,
};
use crate::{
    auth::{Permission, PolicyCoordinator, policy::Problem},
    graphql::error::{Code, internal},
    orchestration::Engine,
};

/// A policy that is in force.
#[derive(SimpleObject)]
pub struct PolicyVersion {
    /// Counted up by each reload that changed something, from 1 at this node's start.
    number: i32,
    /// Of the file's text: the same on every node that has the same file.
    digest: String,
}

/// Mutations of the policy.
#[derive(Default)]
pub struct PolicyMutations;

#[Object]
impl PolicyMutations {
    /// Reads this node's policy file again and puts it in force, whole; a node beside it has a file of its own. With a
    /// mistake in it everything stays as it is, and `violations` says what is wrong where.
    #[graphql(guard = "Needs(Permission::PolicyUpdate)", directive = authorize::apply(Permission::PolicyUpdate))]
    async fn reload_policy(&self, ctx: &Context<'_>) -> Result<PolicyVersion> {
        let Some(policy) = ctx.data_opt::<Arc<PolicyCoordinator>>() else {
            return Err(Code::Conflict.error("no policy file decides here, so there is none to load"));
        };
        let policy = policy.clone();
        let reloaded = tokio::task::spawn_blocking(move || policy.reload()).await;
        let version = reloaded.map_err(|error| internal(&error))?.map_err(|problems| unusable(&problems))?;
        ctx.data::<Engine>()?.record(caller(ctx)?).await.map_err(unread)?;
        let number = i32::try_from(version.number).unwrap_or(i32::MAX);
        Ok(PolicyVersion { number, digest: version.digest })
    }
}

fn unusable(problems: &[Problem]) -> async_graphql::Error {
    let errors: Vec<&Problem> = problems.iter().filter(|problem| problem.is_error()).collect();
    let message = format!("the policy has {} mistake(s), and the one before stays in force", errors.len());
    let violation = |problem: &Problem| {
        let line = problem.line.map_or(Value::Null, |line| line.into());
        Value::Object(
            [(Name::new("line"), line), (Name::new("message"), Value::String(problem.message.clone()))]
                .into(),
        )
    };
    let listed = Value::List(errors.into_iter().map(violation).collect());
    Code::ValidationFailed.error_with(message, [("violations", listed)])
}
