//! The schema: every type, field and argument, with the description its callers read.
//!
//! Each root has its fields in a few files, by what they are about. A resolver reads its input, calls `data` or the
//! engine, and answers. What a field needs is on it, as `@authorize`; nothing here decides about it.

mod api_token;
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
mod words;

use async_graphql::{MergedObject, SDLExportOptions, Schema, SchemaBuilder};

use self::{
    api_token::{ApiTokenMutations, ApiTokenQueries},
    create::CreateMutations,
    event_queries::EventQueries,
    step_mutations::StepMutations,
    subscriptions::Subscriptions,
    task_mutations::TaskMutations,
    task_queries::TaskQueries,
};
use crate::orchestration::Engine;

/// What can be read.
#[derive(MergedObject, Default)]
pub struct Query(TaskQueries, EventQueries, ApiTokenQueries);

/// What can be changed.
#[derive(MergedObject, Default)]
pub struct Mutation(CreateMutations, TaskMutations, StepMutations, ApiTokenMutations);

/// The whole of it.
pub type TaskerSchema = Schema<Query, Mutation, Subscriptions>;

/// The schema over an engine.
pub fn build(engine: Engine) -> TaskerSchema {
    builder().data(engine).finish()
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
