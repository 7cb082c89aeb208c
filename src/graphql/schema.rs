//! The schema: every type, field and argument, with the description its callers read.
//!
//! Each root has its fields in a few files, by what they are about. A resolver reads its input, calls `data` or the
//! engine, and answers. What a field needs is on it, as `@authorize`; nothing here decides about it.

mod api_token;
mod audit;
mod authorize;
mod batch;
mod caller;
mod command;
mod create;
mod cursor;
mod event;
mod event_queries;
mod follow;
mod given;
mod named_task;
mod page_info;
mod policy;
mod refusal;
mod scalar;
mod step;
mod step_mutations;
mod subscriptions;
mod task;
mod task_connection;
mod task_filter;
mod task_mutations;
mod task_queries;
#[cfg(test)]
mod tests;
mod viewer;
mod words;

use std::sync::Arc;

use async_graphql::{MergedObject, SDLExportOptions, Schema, SchemaBuilder};

use self::{
    api_token::{ApiTokenMutations, ApiTokenQueries},
    audit::AuditQueries,
    create::CreateMutations,
    event_queries::EventQueries,
    policy::PolicyMutations,
    step_mutations::StepMutations,
    subscriptions::Subscriptions,
    task_mutations::TaskMutations,
    task_queries::TaskQueries,
    viewer::ViewerQueries,
};
use crate::{
    auth::PolicyCoordinator,
    orchestration::{Engine, Refusals},
};

/// What can be read.
#[derive(MergedObject, Default)]
pub struct Query(TaskQueries, EventQueries, ApiTokenQueries, AuditQueries, ViewerQueries);

/// What can be changed.
#[derive(MergedObject, Default)]
pub struct Mutation(CreateMutations, TaskMutations, StepMutations, ApiTokenMutations, PolicyMutations);

/// The whole of it.
pub type TaskerSchema = Schema<Query, Mutation, Subscriptions>;

/// What resolvers work with.
pub struct Parts {
    /// The verbs.
    pub engine: Engine,
    /// What was refused and is not written down yet.
    pub refusals: Refusals,
    /// The policy, where a file decides.
    pub policy: Option<Arc<PolicyCoordinator>>,
}

/// The schema over its parts.
pub fn build(parts: Parts) -> TaskerSchema {
    let Parts { engine, refusals, policy } = parts;
    let builder = builder().data(engine).data(refusals);
    match policy {
        Some(policy) => builder.data(policy),
        None => builder,
    }
    .finish()
}

/// The schema's text, as `schema.graphql` has it. Needs no database.
pub fn sdl() -> String {
    let options =
        SDLExportOptions::new().include_specified_by().use_space_ident().prefer_single_line_descriptions();
    let text = builder().finish().sdl_with_options(options);
    let lines: Vec<&str> = text.trim_end().lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}

/// An unknown field is not answered with the names of others: its caller may not know of them.
fn builder() -> SchemaBuilder<Query, Mutation, Subscriptions> {
    Schema::build(Query::default(), Mutation::default(), Subscriptions).disable_suggestions()
}
