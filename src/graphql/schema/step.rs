//! A step of a task, as the API shows it.

mod readiness;

use std::sync::Arc;

use async_graphql::{ID, Object, Result};

use self::readiness::StepReadiness;
use super::{
    authorize::authorize,
    batch::Run,
    caller::Needs,
    event::WorkflowEvent,
    refusal::unread,
    scalar::{DateTime, Json},
    task::Task,
    words::Status,
};
use crate::{
    auth::Permission,
    data,
    model::{
        failure::Failure, id::StepNo, lease::Lease, status, step::Step, template::StepTemplate,
        time::Timestamp,
    },
};

/// One step of a task.
#[derive(Clone)]
pub struct WorkflowStep {
    task: Task,
    run: Arc<Run>,
    no: StepNo,
}

impl WorkflowStep {
    /// The step at `no` of `task`.
    pub const fn new(task: Task, run: Arc<Run>, no: StepNo) -> Self {
        Self { task, run, no }
    }

    fn step(&self) -> &Step {
        self.run.step(self.no)
    }

    fn about(&self) -> &StepTemplate {
        self.run.about(self.no)
    }

    fn before(&self) -> &[StepNo] {
        self.run.template.dag.parents(self.no)
    }

    fn behind(&self) -> &[StepNo] {
        self.run.template.dag.children(self.no)
    }

    fn ids(&self, places: &[StepNo]) -> Vec<ID> {
        places.iter().map(|&no| self.run.step(no).id.0.into()).collect()
    }

    fn siblings(&self, places: &[StepNo]) -> Vec<Self> {
        places.iter().map(|&no| Self { no, ..self.clone() }).collect()
    }

    /// The large columns are there only if it was foreseen that somebody would ask.
    fn contents(&self) -> Result<&Step> {
        if !self.task.batch().contents().steps {
            return Err(unread(data::Error::Corrupt("a step's contents that were not read".into())));
        }
        Ok(self.step())
    }
}

fn moment(at: Option<Timestamp>) -> Option<DateTime> {
    at.map(DateTime)
}

fn number(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// One step of a task. What never changes about it comes from the template that the task was created with.
#[Object]
impl WorkflowStep {
    /// A UUIDv7. It stays the same over all attempts: handlers use it as idempotency key.
    async fn workflow_step_id(&self) -> ID {
        self.step().id.0.into()
    }

    /// The task it belongs to.
    async fn task_id(&self) -> ID {
        self.task.row().id.into()
    }

    /// Its name, unique in its task.
    async fn name(&self) -> &str {
        &self.about().name
    }

    /// The code that runs it; null where its configuration alone says what to do.
    async fn handler_class(&self) -> Option<&str> {
        Some(self.about().handler_class.as_str()).filter(|class| !class.is_empty())
    }

    /// The system it talks to, as the template says.
    async fn dependent_system(&self) -> Option<&str> {
        self.about().dependent_system.as_deref()
    }

    /// Where it is.
    async fn status(&self) -> Status {
        self.step().status.into()
    }

    /// Whether a failed attempt may be followed by another without an operator.
    async fn retryable(&self) -> bool {
        self.about().retryable
    }

    /// How many attempts it may have in all.
    async fn retry_limit(&self) -> i32 {
        number(self.step().retry_limit)
    }

    /// The number of its latest attempt; 0 before the first.
    async fn attempts(&self) -> i32 {
        number(self.step().attempts)
    }

    /// Whether it is being worked on.
    async fn in_process(&self) -> bool {
        self.step().status == status::Status::InProgress
    }

    /// Whether it is done: complete or resolved.
    async fn processed(&self) -> bool {
        self.step().status.satisfies()
    }

    /// When it was done.
    async fn processed_at(&self) -> Option<DateTime> {
        moment(self.step().completed_at.filter(|_| self.step().status.satisfies()))
    }

    /// When its latest attempt began.
    async fn last_attempted_at(&self) -> Option<DateTime> {
        moment(self.step().started_at)
    }

    /// When its next attempt is due, or when it wakes if it is asleep.
    async fn next_attempt_at(&self) -> Option<DateTime> {
        moment(self.step().next_attempt_at)
    }

    /// How many seconds lie between its latest failure and the attempt after it.
    async fn backoff_request_seconds(&self) -> Option<f64> {
        self.step().backoff_seconds
    }

    /// Whether `bypassSteps` may name it.
    async fn skippable(&self) -> bool {
        self.about().skippable
    }

    /// What its handler gets: its own inputs where `updateStep` gave it some, otherwise the task's context.
    #[graphql(guard = "Needs(Permission::WorkflowStepShow)", directive = authorize::apply(Permission::WorkflowStepShow))]
    async fn inputs(&self) -> Result<Json> {
        match &self.contents()?.inputs {
            Some(own) => Ok(Json((**own).clone())),
            None => self.task.input(),
        }
    }

    /// What it left for the steps after it.
    #[graphql(guard = "Needs(Permission::WorkflowStepShow)", directive = authorize::apply(Permission::WorkflowStepShow))]
    async fn results(&self) -> Option<Result<Json>> {
        let results =
            self.contents().map(|step| step.results.as_ref().map(|results| Json((**results).clone())));
        results.transpose()
    }

    /// Why its latest attempt failed.
    #[graphql(guard = "Needs(Permission::WorkflowStepShow)", directive = authorize::apply(Permission::WorkflowStepShow))]
    async fn error(&self) -> Option<Result<StepError>> {
        self.contents().map(|step| step.error.clone().map(StepError)).transpose()
    }

    /// Whether it could start now, and what is in the way.
    async fn readiness(&self) -> StepReadiness {
        StepReadiness(self.run.readiness(self.no, self.task.batch().now()))
    }

    /// The names of the steps it runs after.
    async fn depends_on(&self) -> Vec<&str> {
        self.before().iter().map(|&no| self.run.about(no).name.as_str()).collect()
    }

    /// The steps it runs after.
    #[graphql(guard = "Needs(Permission::WorkflowStepIndex)", directive = authorize::apply(Permission::WorkflowStepIndex))]
    async fn parents(&self) -> Vec<Self> {
        self.siblings(self.before())
    }

    /// The steps that run after it.
    #[graphql(guard = "Needs(Permission::WorkflowStepIndex)", directive = authorize::apply(Permission::WorkflowStepIndex))]
    async fn children(&self) -> Vec<Self> {
        self.siblings(self.behind())
    }

    /// The ids of the steps it runs after.
    async fn parent_step_ids(&self) -> Vec<ID> {
        self.ids(self.before())
    }

    /// The ids of the steps that run after it.
    async fn child_step_ids(&self) -> Vec<ID> {
        self.ids(self.behind())
    }

    /// Whether it runs after nothing.
    async fn is_root_step(&self) -> bool {
        self.before().is_empty()
    }

    /// Whether nothing runs after it.
    async fn is_leaf_step(&self) -> bool {
        self.behind().is_empty()
    }

    /// The task it belongs to.
    #[graphql(guard = "Needs(Permission::TaskShow)", directive = authorize::apply(Permission::TaskShow))]
    async fn task(&self) -> &Task {
        &self.task
    }

    /// What the worker calls itself that makes the attempt; null while no worker does.
    async fn worker(&self) -> Option<Result<String>> {
        // Only what is in progress is looked up, and that for all tasks that were read together.
        if self.step().status != status::Status::InProgress {
            return None;
        }
        let leases = self.task.batch().leases(self.task.row().id).await;
        let own = |leases: Vec<Lease>| leases.into_iter().find(|lease| lease.token.no == self.no);
        leases.map(|leases| own(leases).map(|lease| lease.worker.to_string())).transpose()
    }

    /// When its latest attempt began.
    async fn started_at(&self) -> Option<DateTime> {
        moment(self.step().started_at)
    }

    /// When it was stored: with its task.
    async fn created_at(&self) -> DateTime {
        DateTime(Timestamp(self.task.row().created_at))
    }

    /// When anything about it last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.step().updated_at)
    }

    /// What happened to it: the first 100 events, oldest first. `Query.events` has all of them.
    #[graphql(guard = "Needs(Permission::EventIndex)", directive = authorize::apply(Permission::EventIndex))]
    async fn events(&self) -> Result<Vec<WorkflowEvent>> {
        let events = self.task.batch().step_events(self.step().id.0).await?;
        Ok(events.into_iter().map(WorkflowEvent).collect())
    }
}

/// Why an attempt failed.
pub struct StepError(Failure);

/// Why an attempt failed.
#[Object]
impl StepError {
    /// `retryable` and `permanent` are the handler's own words; `panic`, `timeout`, `lost` and `node_lost` say what
    /// became of it.
    async fn kind(&self) -> &str {
        self.0.kind.as_str()
    }

    /// What happened, for people.
    async fn message(&self) -> &str {
        &self.0.message
    }

    /// A word for programs, where the handler gave one.
    async fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// Whether another attempt may help.
    async fn retryable(&self) -> bool {
        self.0.kind.may_retry()
    }
}
