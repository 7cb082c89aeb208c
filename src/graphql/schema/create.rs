//! Creating tasks.

use async_graphql::{Context, InputObject, Object, Result};

use super::{
    authorize::authorize,
    batch::Batch,
    caller::{Needs, caller, may_create, request_id, trace},
    given,
    refusal::refused,
    scalar::{DateTime, Json},
    task::Task,
};
use crate::{
    auth::Permission,
    data::tasks::Contents,
    orchestration::{Created, Engine, TaskRequest},
};

/// A request for a task.
#[derive(InputObject, Debug, Clone)]
pub struct CreateTaskInput {
    /// The template's name.
    pub name: String,
    /// The template's namespace; `default` without it.
    pub namespace: Option<String>,
    /// The template's version; the highest without it.
    pub version: Option<String>,
    /// The task's input, which must fit the template's schema; an empty object without it.
    pub context: Option<Json>,
    /// Who or what asks, in words of your own.
    pub initiator: Option<String>,
    /// The system the request comes from.
    pub source_system: Option<String>,
    /// Why the task is wanted.
    pub reason: Option<String>,
    /// For finding the task: up to 50, each of up to 100 characters.
    pub tags: Option<Vec<String>>,
    /// Names of skippable steps to settle at once.
    pub bypass_steps: Option<Vec<String>>,
    /// Of waiting tasks, the one with the highest is taken first. The template's without it.
    pub priority: Option<i32>,
    /// Seconds before the first step may start. The template's without it.
    pub delay_seconds: Option<f64>,
    /// Seconds that the whole task may take; then what is not done has failed. The template's without it.
    pub timeout_seconds: Option<f64>,
    /// The same key in the same namespace is the same task: a repetition is answered with the first one, and
    /// another request under a used key is refused.
    pub idempotency_key: Option<String>,
    /// When the task was asked for, if not now.
    pub requested_at: Option<DateTime>,
    /// Check everything and create nothing. The answer shows the task as it would be.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Requests for several tasks.
#[derive(InputObject, Debug, Clone)]
pub struct CreateTasksInput {
    /// From 1 to 1,000 requests.
    pub tasks: Vec<CreateTaskInput>,
}

impl CreateTaskInput {
    /// Where it goes.
    fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or("default")
    }

    fn read(self, ctx: &Context<'_>) -> Result<TaskRequest> {
        let context = self.context.map(|context| context.0).filter(|context| !context.is_null());
        Ok(TaskRequest {
            namespace: self.namespace,
            version: self.version,
            initiator: self.initiator,
            source_system: self.source_system,
            reason: self.reason,
            tags: self.tags.unwrap_or_default(),
            bypass_steps: self.bypass_steps.unwrap_or_default(),
            priority: self.priority,
            delay: given::seconds("delaySeconds", self.delay_seconds, true)?,
            timeout: given::seconds("timeoutSeconds", self.timeout_seconds, false)?,
            idempotency_key: self.idempotency_key,
            requested_at: self.requested_at.map(|moment| moment.0),
            dry_run: self.dry_run,
            request_id: request_id(ctx),
            trace: trace(ctx),
            ..TaskRequest::new(self.name, context.unwrap_or_else(|| serde_json::json!({})))
        })
    }
}

/// Mutations that create tasks.
#[derive(Default)]
pub struct CreateMutations;

#[Object]
impl CreateMutations {
    /// Creates a task and starts it. When this answers, the task is stored and will be finished or rest in a named
    /// status, whatever happens.
    #[graphql(guard = "Needs(Permission::TaskCreate)", directive = authorize::apply(Permission::TaskCreate))]
    async fn create_task(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is asked for.")] input: CreateTaskInput,
    ) -> Result<Task> {
        let engine = ctx.data::<Engine>()?;
        may_create(ctx, input.namespace())?;
        let created = engine.create_task(caller(ctx)?, input.read(ctx)?).await.map_err(refused)?;
        let existed = created.existed;
        let steps = created.steps.map(|steps| (created.task.id, steps));
        let batch = Batch::new(engine, vec![created.task], Contents::ALL);
        Ok(Task::only(with(batch, steps)).created(existed))
    }

    /// Creates several tasks, all or none of them. An error says in `index` which request it is about.
    #[graphql(guard = "Needs(Permission::TaskCreate)", directive = authorize::apply(Permission::TaskCreate))]
    async fn create_tasks(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is asked for.")] input: CreateTasksInput,
    ) -> Result<Vec<Task>> {
        let engine = ctx.data::<Engine>()?;
        input.tasks.iter().try_for_each(|task| may_create(ctx, task.namespace()))?;
        let requests = input.tasks.into_iter().enumerate().map(|(index, task)| {
            task.read(ctx).map_err(|mut error| {
                error.extensions.get_or_insert_default().set("index", index);
                error
            })
        });
        let requests = requests.collect::<Result<Vec<_>>>()?;
        let created = engine.create_tasks(caller(ctx)?, requests).await.map_err(refused)?;
        let existed: Vec<bool> = created.iter().map(|one| one.existed).collect();
        let mut rows = Vec::with_capacity(created.len());
        let mut known = Vec::new();
        for Created { task, steps, .. } in created {
            known.extend(steps.map(|steps| (task.id, steps)));
            rows.push(task);
        }
        let batch = with(Batch::new(engine, rows, Contents::ALL), known);
        Ok(Task::all(batch).into_iter().zip(existed).map(|(task, existed)| task.created(existed)).collect())
    }
}

fn with(
    batch: Batch,
    steps: impl IntoIterator<Item = (uuid::Uuid, Vec<crate::data::entity::step::Model>)>,
) -> Batch {
    steps.into_iter().fold(batch, |batch, (task, steps)| batch.with_steps(task, steps))
}
