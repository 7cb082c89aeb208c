//! A task, as the API shows it.

use std::sync::Arc;

use async_graphql::{ID, Object, Result};

use super::{
    annotation::TaskAnnotation,
    authorize::authorize,
    batch::{Batch, Run},
    caller::Needs,
    dependency_analysis::DependencyAnalysis,
    diagram::{DiagramFormat, TaskDiagram},
    event::WorkflowEvent,
    named_task::NamedTask,
    refusal::unread,
    scalar::{DateTime, Json},
    step::WorkflowStep,
    words::{ExecutionStatus, HealthStatus, RecommendedAction, Status},
};
use crate::{
    auth::Permission,
    data::{self, entity::task::Model, load},
    model::{id::StepId, status, tally::Tally, time::Timestamp},
};

/// One run of a task template.
#[derive(Clone)]
pub struct Task {
    batch: Arc<Batch>,
    index: usize,
    existed: Option<bool>,
}

impl Task {
    /// All tasks of a batch.
    pub fn all(batch: Batch) -> Vec<Self> {
        let batch = Arc::new(batch);
        (0..batch.tasks().len()).map(|index| Self { batch: batch.clone(), index, existed: None }).collect()
    }

    /// The only task of a batch.
    pub fn only(batch: Batch) -> Self {
        Self { batch: Arc::new(batch), index: 0, existed: None }
    }

    /// The answer to its creation.
    pub fn created(mut self, existed: bool) -> Self {
        self.existed = Some(existed);
        self
    }

    /// Its row.
    pub fn row(&self) -> &Model {
        self.batch.task(self.index)
    }

    /// What was read with it.
    pub fn batch(&self) -> &Batch {
        &self.batch
    }

    /// Its steps with its template.
    pub async fn run(&self) -> Result<Arc<Run>> {
        self.batch.run(self.row()).await
    }

    /// Its step with this id.
    pub async fn step(&self, step: StepId) -> Result<Option<WorkflowStep>> {
        let run = self.run().await?;
        Ok(run.place_of(step).map(|no| WorkflowStep::new(self.clone(), run.clone(), no)))
    }

    /// Reads whatever could be asked about it, before it is gone.
    pub async fn read_all(&self) -> Result<()> {
        self.run().await?;
        self.batch.annotations(self.row().id).await?;
        self.batch.task_events(self.row().id).await?;
        self.batch.step_events(self.row().id).await.map(drop)
    }

    /// Its input, if it was foreseen that somebody would ask.
    pub fn input(&self) -> Result<Json> {
        if !self.batch.contents().contexts {
            return Err(unread(data::Error::Corrupt("a context that was not read".into())));
        }
        Ok(Json(self.row().context.clone()))
    }

    /// Where it is.
    pub fn place(&self) -> Result<status::Status> {
        load::status(&self.row().status).map_err(unread)
    }

    async fn tally(&self) -> Result<Tally> {
        Ok(self.run().await?.tally(self.batch.now()))
    }
}

fn moment(micros: Option<i64>) -> Option<DateTime> {
    micros.map(|micros| DateTime(Timestamp(micros)))
}

fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// One run of a task template: what was asked for, where it is, and what its steps are doing.
#[Object]
impl Task {
    /// A UUIDv7: sorted by the moment the task was created.
    async fn task_id(&self) -> ID {
        self.row().id.into()
    }

    /// The name of its template.
    async fn name(&self) -> &str {
        &self.row().name
    }

    /// The namespace of its template.
    async fn namespace(&self) -> &str {
        &self.row().namespace
    }

    /// The version of its template.
    async fn version(&self) -> &str {
        &self.row().version
    }

    /// `namespace/name@version`.
    async fn full_name(&self) -> String {
        let Model { namespace, name, version, .. } = self.row();
        format!("{namespace}/{name}@{version}")
    }

    /// Where it is.
    async fn status(&self) -> Result<Status> {
        Ok(self.place()?.into())
    }

    /// Whether its status is `COMPLETE`.
    async fn complete(&self) -> Result<bool> {
        Ok(self.place()? == status::Status::Complete)
    }

    /// Why it exists, for people.
    async fn reason(&self) -> Option<&str> {
        self.row().reason.as_deref()
    }

    /// For finding it.
    async fn tags(&self) -> Result<Vec<String>> {
        load::texts(&self.row().tags).map_err(unread)
    }

    /// Who or what asked for it, by its own words.
    async fn initiator(&self) -> Option<&str> {
        self.row().initiator.as_deref()
    }

    /// The system it came from, by its own words.
    async fn source_system(&self) -> Option<&str> {
        self.row().source_system.as_deref()
    }

    /// Who created it: the subject that was signed in. Null where nobody had to sign in.
    async fn created_by(&self) -> Option<&str> {
        self.row().created_by.as_deref()
    }

    /// Its input, as its template's schema describes it.
    #[graphql(guard = "Needs(Permission::TaskShow)", directive = authorize::apply(Permission::TaskShow))]
    async fn context(&self) -> Result<Json> {
        self.input()
    }

    /// The steps that were settled at its creation.
    async fn bypass_steps(&self) -> Result<Vec<String>> {
        load::texts(&self.row().bypass_steps).map_err(unread)
    }

    /// Of waiting tasks, the one with the highest is taken first.
    async fn priority(&self) -> i32 {
        self.row().priority
    }

    /// What makes it the same as another request, where its template says `identity_strategy: hash`: a digest of the
    /// context among others, by which one could try whether a guess at it is right.
    #[graphql(guard = "Needs(Permission::TaskShow)", directive = authorize::apply(Permission::TaskShow))]
    async fn identity_hash(&self) -> Option<&str> {
        self.row().identity_hash.as_deref()
    }

    /// The key it was created with; the same key in the same namespace is the same task.
    async fn idempotency_key(&self) -> Option<&str> {
        self.row().idempotency_key.as_deref()
    }

    /// In the answer to its creation: whether an earlier request had created it. Null everywhere else.
    async fn already_existed(&self) -> Option<bool> {
        self.existed
    }

    /// When it was asked for, by the caller's clock if the caller said so.
    async fn requested_at(&self) -> DateTime {
        DateTime(Timestamp(self.row().requested_at))
    }

    /// When its first step started.
    async fn started_at(&self) -> Option<DateTime> {
        moment(self.row().started_at)
    }

    /// When it was settled: complete, cancelled or resolved.
    async fn completed_at(&self) -> Option<DateTime> {
        moment(self.row().completed_at)
    }

    /// When it was stored.
    async fn created_at(&self) -> DateTime {
        DateTime(Timestamp(self.row().created_at))
    }

    /// When its own row last changed; its steps have moments of their own.
    async fn updated_at(&self) -> DateTime {
        DateTime(Timestamp(self.row().updated_at))
    }

    /// What its steps are doing, taken together.
    async fn execution_status(&self) -> Result<ExecutionStatus> {
        Ok(self.tally().await?.execution_status().into())
    }

    /// What an operator might do about it.
    async fn recommended_action(&self) -> Result<RecommendedAction> {
        Ok(self.tally().await?.recommended_action().into())
    }

    /// How it is doing.
    async fn health_status(&self) -> Result<HealthStatus> {
        Ok(self.tally().await?.health_status().into())
    }

    /// The share of its steps that are complete or resolved, from 0 to 100 with two decimals.
    async fn completion_percentage(&self) -> Result<f64> {
        Ok(self.tally().await?.completion_percentage())
    }

    /// How many steps it has.
    async fn total_steps(&self) -> Result<i32> {
        Ok(number(self.tally().await?.total()))
    }

    /// How many of its steps are complete or resolved.
    async fn completed_steps(&self) -> Result<i32> {
        Ok(number(self.tally().await?.done()))
    }

    /// How many of its steps rest in error.
    async fn failed_steps(&self) -> Result<i32> {
        Ok(number(self.tally().await?.error))
    }

    /// Its steps, in the order of its template.
    #[graphql(guard = "Needs(Permission::WorkflowStepIndex)", directive = authorize::apply(Permission::WorkflowStepIndex))]
    async fn workflow_steps(&self) -> Result<Vec<WorkflowStep>> {
        let run = self.run().await?;
        Ok(run.places().map(|no| WorkflowStep::new(self.clone(), run.clone(), no)).collect())
    }

    /// The template it was created with, exactly as it was then.
    #[graphql(guard = "Needs(Permission::HandlerShow)", directive = authorize::apply(Permission::HandlerShow))]
    async fn named_task(&self) -> Result<NamedTask> {
        Ok(NamedTask(self.run().await?.template.clone()))
    }

    /// What was noted about it, oldest first.
    #[graphql(guard = "Needs(Permission::TaskAnnotationIndex)", directive = authorize::apply(Permission::TaskAnnotationIndex))]
    async fn task_annotations(&self) -> Result<Vec<TaskAnnotation>> {
        Ok(self.batch.annotations(self.row().id).await?.into_iter().map(TaskAnnotation).collect())
    }

    /// A picture of it: its steps, what runs after what, and where each is. What its steps got, left or said is not in it.
    #[graphql(guard = "Needs(Permission::TaskDiagramShow)", directive = authorize::apply(Permission::TaskDiagramShow))]
    async fn diagram(
        &self,
        #[graphql(desc = "How it is written.", default_with = "DiagramFormat::Mermaid")]
        format: DiagramFormat,
    ) -> TaskDiagram {
        TaskDiagram::new(self.clone(), format)
    }

    /// What holds it up now, what it still has before it, and what took its time.
    #[graphql(guard = "Needs(Permission::WorkflowStepIndex)", directive = authorize::apply(Permission::WorkflowStepIndex))]
    async fn dependency_analysis(&self) -> Result<DependencyAnalysis> {
        Ok(DependencyAnalysis::new(self.clone(), self.run().await?))
    }

    /// What happened to it and its steps: the first 100 events, oldest first. `Query.events` has all of them.
    #[graphql(guard = "Needs(Permission::EventIndex)", directive = authorize::apply(Permission::EventIndex))]
    async fn events(&self) -> Result<Vec<WorkflowEvent>> {
        Ok(self.batch.task_events(self.row().id).await?.into_iter().map(WorkflowEvent).collect())
    }

    /// The name of the node that runs it now; null while none does.
    async fn node(&self) -> Option<Result<String>> {
        self.batch.node(self.row().owner?).await.transpose()
    }
}
