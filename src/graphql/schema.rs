//! The schema: every type, field and argument, with the description its callers read.
//!
//! Each root has its fields in a few files, by what they are about. A resolver reads its input, calls `data` or the
//! engine, and answers. What a field needs is on it, as `@authorize`; nothing here decides about it.

mod analytics;
mod annotation;
mod api_token;
mod audit;
mod authorize;
mod batch;
mod caller;
mod command;
mod create;
mod cursor;
mod dependency_analysis;
mod dependency_graph;
mod diagram;
mod diagram_queries;
mod event;
mod event_definition;
mod event_mutations;
mod event_queries;
mod follow;
mod given;
mod handler;
mod handler_queries;
mod health;
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
mod worker;
mod worker_mutations;

use std::sync::Arc;

use async_graphql::{MergedObject, SDLExportOptions, Schema, SchemaBuilder};

use self::{
    analytics::AnalyticsQueries,
    annotation::{AnnotationMutations, AnnotationQueries},
    api_token::{ApiTokenMutations, ApiTokenQueries},
    audit::AuditQueries,
    create::CreateMutations,
    diagram::Drawings,
    diagram_queries::DiagramQueries,
    event_definition::EventDefinitionQueries,
    event_mutations::EventMutations,
    event_queries::EventQueries,
    handler_queries::HandlerQueries,
    health::HealthQueries,
    policy::PolicyMutations,
    step_mutations::StepMutations,
    subscriptions::Subscriptions,
    task_mutations::TaskMutations,
    task_queries::TaskQueries,
    viewer::ViewerQueries,
    worker_mutations::WorkerMutations,
};
use crate::{
    auth::PolicyCoordinator,
    orchestration::{Engine, Refusals, analytics::Analyst, health::Doctor},
};

/// What can be read.
#[derive(MergedObject, Default)]
pub struct Query(
    TaskQueries,
    AnnotationQueries,
    EventQueries,
    EventDefinitionQueries,
    DiagramQueries,
    HandlerQueries,
    AnalyticsQueries,
    HealthQueries,
    ApiTokenQueries,
    AuditQueries,
    ViewerQueries,
);

/// What can be changed.
#[derive(MergedObject, Default)]
pub struct Mutation(
    CreateMutations,
    TaskMutations,
    AnnotationMutations,
    StepMutations,
    WorkerMutations,
    EventMutations,
    ApiTokenMutations,
    PolicyMutations,
);

/// Root fields that may wait for work before they answer.
pub const LONG_POLLS: [&str; 2] = ["claimSteps", "heartbeatSteps"];

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
    let (analyst, doctor) = (Analyst::new(engine.clone()), Doctor::new(engine.clone()));
    let builder = builder().data(engine).data(refusals).data(analyst).data(doctor).data(Drawings::default());
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
