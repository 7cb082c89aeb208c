//! Who calls, under which id, and what was decided about it: the second line, on the gate's own decision.

use std::sync::Arc;

use async_graphql::{Context, Guard, QueryPathNode, QueryPathSegment, Result};

use crate::{
    auth::{Permission, Wanted},
    graphql::{Code, RequestId, gate::Decision},
    model::{id::TaskId, scope::Scope, trace::TraceContext},
    orchestration::Caller,
};

/// The subject of the request, with what is recorded of what it changes here.
pub fn caller(ctx: &Context<'_>) -> Result<Caller> {
    Ok(decision(ctx)?.caller(root(ctx)))
}

/// The id that follows the request into what it causes.
pub fn request_id(ctx: &Context<'_>) -> Option<String> {
    ctx.data_opt::<RequestId>().map(ToString::to_string)
}

/// The span that asks.
pub fn trace(ctx: &Context<'_>) -> Option<TraceContext> {
    ctx.data_opt::<TraceContext>().cloned()
}

/// Which tasks this root field may read.
pub fn scope(ctx: &Context<'_>) -> Result<Scope> {
    Ok(decision(ctx)?.scope(root(ctx)))
}

/// This root field may change that task: it is one that the gate looked at.
pub fn may_change(ctx: &Context<'_>, task: TaskId) -> Result<()> {
    agreed(decision(ctx)?.may_change(root(ctx), task), "a task that the gate did not look at")
}

/// This root field may create in that namespace: it is one that the gate looked at.
pub fn may_create(ctx: &Context<'_>, namespace: &str) -> Result<()> {
    agreed(decision(ctx)?.may_create(root(ctx), namespace), "a namespace that the gate did not look at")
}

/// This root field may issue that token: it is one that the gate looked at.
pub fn may_issue(ctx: &Context<'_>, wanted: &Wanted) -> Result<()> {
    agreed(decision(ctx)?.may_issue(root(ctx), wanted), "a token that the gate did not look at")
}

/// A field's guard: the gate has decided about this permission.
pub struct Needs(pub Permission);

impl Guard for Needs {
    async fn check(&self, ctx: &Context<'_>) -> Result<()> {
        agreed(decision(ctx)?.permits(root(ctx), self.0), "a field that the gate did not see")
    }
}

/// A field's guard: the gate has seen that somebody has signed in, or that nobody has to.
pub struct SignedIn;

impl Guard for SignedIn {
    async fn check(&self, ctx: &Context<'_>) -> Result<()> {
        agreed(decision(ctx)?.knows_enough(root(ctx)), "somebody must have signed in")
    }
}

/// The decision about the whole operation.
pub fn decision<'a>(ctx: &Context<'a>) -> Result<&'a Decision> {
    let decision: Option<&Arc<Decision>> = ctx.data_opt();
    decision.map(|decision| &**decision).ok_or_else(|| Code::Internal.error("there is no decision"))
}

/// The gate let it through and this line does not: one of them is wrong, and nobody gets through.
fn agreed(agreed: bool, otherwise: &str) -> Result<()> {
    debug_assert!(agreed, "{otherwise}");
    if agreed { Ok(()) } else { Err(Code::Internal.error(otherwise)) }
}

/// The response key of the root field that this is below.
pub fn root<'a>(ctx: &Context<'a>) -> &'a str {
    let mut key = "";
    let mut node: Option<&QueryPathNode<'a>> = ctx.path_node.as_ref();
    while let Some(here) = node {
        if let QueryPathSegment::Name(name) = here.segment {
            key = name;
        }
        node = here.parent;
    }
    key
}
