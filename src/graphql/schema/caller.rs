//! Who calls, and under which id.

use async_graphql::Context;

use crate::{auth::Subject, graphql::RequestId};

/// The subject of the request; nobody in particular where nobody had to sign in.
pub fn subject(ctx: &Context<'_>) -> Subject {
    ctx.data_opt::<Subject>().cloned().unwrap_or_default()
}

/// The id that follows the request into what it causes.
pub fn request_id(ctx: &Context<'_>) -> Option<String> {
    ctx.data_opt::<RequestId>().map(ToString::to_string)
}
