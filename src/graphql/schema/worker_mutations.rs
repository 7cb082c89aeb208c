//! What workers do: claim, keep, answer.

use std::time::Duration;

use async_graphql::{Context, ID, InputObject, Object, Result};
use serde_json::Value;

use super::{
    authorize::authorize,
    batch::{Batch, asked},
    caller::{Needs, decision, scope},
    given,
    refusal::{refused, unread},
    scalar::Json,
    step::WorkflowStep,
    task::Task,
    worker::{ClaimedStep, StepCompletion, StepHeartbeat, lease, may_run},
};
use crate::{
    auth::{Permission, Subject},
    data::tasks,
    graphql::Code,
    model::{id::StepNo, lease::LeaseToken},
    orchestration::{self, ClaimRequest, Engine, WorkerSays, handler::StepError},
};

/// Leases that one heartbeat may keep, and answers that one request may give.
const MOST: usize = 1_000;

/// A lease lasts at most an hour.
const LONGEST_LEASE: i32 = 3_600;

/// A request waits at most a minute.
const LONGEST_WAIT: i32 = 60;

/// What a worker can do, and how much of it.
#[derive(InputObject, Debug, Clone)]
pub struct ClaimStepsInput {
    /// What the worker calls itself, for people: up to 200 characters.
    pub worker_id: String,
    /// Handlers that it has, up to 100: it gets steps that name one of these.
    pub handler_classes: Vec<String>,
    /// Only from these namespaces; without it from all that the caller may claim in.
    pub namespaces: Option<Vec<String>>,
    /// At most so many steps, from 1 to 100.
    #[graphql(default = 1)]
    pub limit: i32,
    /// After so many seconds without a heartbeat a step is given to another worker: from 1 to 3,600.
    #[graphql(default = 30)]
    pub lease_seconds: i32,
    /// Where nothing is to be done, wait so many seconds for something: up to 60.
    #[graphql(default = 0)]
    pub wait_seconds: i32,
}

/// Leases that are to last on.
#[derive(InputObject, Debug, Clone)]
pub struct HeartbeatStepsInput {
    /// The leases, up to 1,000.
    pub lease_tokens: Vec<ID>,
    /// For how many seconds from now on: from 1 to 3,600. No lease lasts beyond the step's own time limit.
    #[graphql(default = 30)]
    pub lease_seconds: i32,
    /// Answer when one of the leases is over, or after so many seconds, up to 60: who waits hears of a cancellation at
    /// once.
    #[graphql(default = 0)]
    pub wait_seconds: i32,
}

/// A custom event that a worker publishes with its answer.
#[derive(InputObject, Debug, Clone)]
pub struct StepEventInput {
    /// Its name, which the template or the step must declare in `custom_events`.
    pub name: String,
    /// What there is to say, preferably an object. An empty object without it.
    pub payload: Option<Json>,
}

/// The answer of a worker that has done its step.
#[derive(InputObject, Debug, Clone)]
pub struct CompleteStepInput {
    /// The lease.
    pub lease_token: ID,
    /// What the step leaves for those after it; an empty object without it.
    pub results: Option<Json>,
    /// Custom events to publish with it.
    pub events: Option<Vec<StepEventInput>>,
}

/// The answer of a worker whose step failed.
#[derive(InputObject, Debug, Clone)]
pub struct FailStepInput {
    /// The lease.
    pub lease_token: ID,
    /// What happened, for people: the first 4,000 characters count.
    pub message: String,
    /// Whether trying again may help. If not, the step goes to `error` at once.
    #[graphql(default = true)]
    pub retryable: bool,
    /// A word for programs.
    pub code: Option<String>,
    /// The next attempt after so many seconds, in place of the template's backoff.
    pub retry_after_seconds: Option<f64>,
    /// What the step leaves in spite of its failure.
    pub results: Option<Json>,
    /// Custom events to publish with it.
    pub events: Option<Vec<StepEventInput>>,
}

/// Several answers at once.
#[derive(InputObject, Debug, Clone)]
pub struct CompleteStepsInput {
    /// The answers, up to 1,000.
    pub completions: Vec<CompleteStepInput>,
}

/// Mutations of workers.
#[derive(Default)]
pub struct WorkerMutations;

#[Object]
impl WorkerMutations {
    /// Gives the caller steps to do: the most urgent first, by turns among templates. Each is its own until the lease
    /// runs out; `heartbeatSteps` keeps it, `completeStep` or `failStep` answers. An empty list where there is nothing.
    #[graphql(guard = "Needs(Permission::WorkflowStepClaim)", directive = authorize::apply(Permission::WorkflowStepClaim))]
    async fn claim_steps(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who asks, and for what.")] input: ClaimStepsInput,
    ) -> Result<Vec<ClaimedStep>> {
        given::printable("workerId", &input.worker_id, 200)?;
        if input.handler_classes.is_empty() {
            return Err(given::bad("handlerClasses must name at least one handler that the worker has"));
        }
        let classes = given::texts("handlerClasses", Some(input.handler_classes))?.unwrap_or_default();
        may_run(ctx, &classes)?;
        let request = ClaimRequest {
            worker: input.worker_id.into(),
            classes,
            namespaces: given::texts("namespaces", input.namespaces)?,
            scope: scope(ctx)?,
            limit: usize::try_from(given::size("limit", input.limit)?).unwrap_or(1),
            lasts: lasts(input.lease_seconds)?,
            wait: waits(input.wait_seconds)?,
        };
        let claimed = ctx.data::<Engine>()?.claim_steps(subject(ctx)?, &request).await.map_err(refused)?;
        Ok(claimed.into_iter().map(ClaimedStep).collect())
    }

    /// Keeps leases for longer, and says which are over. With `waitSeconds` it answers as soon as one of them is.
    #[graphql(guard = "Needs(Permission::WorkflowStepClaim)", directive = authorize::apply(Permission::WorkflowStepClaim))]
    async fn heartbeat_steps(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which leases, and for how long.")] input: HeartbeatStepsInput,
    ) -> Result<Vec<StepHeartbeat>> {
        most("leaseTokens", input.lease_tokens.len())?;
        let (lasts, wait) = (lasts(input.lease_seconds)?, waits(input.wait_seconds)?);
        let tokens: Vec<Option<LeaseToken>> =
            input.lease_tokens.iter().map(|token| lease(ctx, token)).collect::<Result<_>>()?;
        let engine = ctx.data::<Engine>()?;
        let beats = engine.heartbeat_steps(subject(ctx)?, &tokens, lasts, wait).await.map_err(refused)?;
        Ok(input.lease_tokens.into_iter().zip(&beats).map(|(id, beat)| StepHeartbeat::of(id, beat)).collect())
    }

    /// The step is done. The same answer once more gets the first answer again; one under a lease that is over is
    /// refused, and changes nothing.
    #[graphql(guard = "Needs(Permission::WorkflowStepComplete)", directive = authorize::apply(Permission::WorkflowStepComplete))]
    async fn complete_step(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which step, and what it leaves.")] input: CompleteStepInput,
    ) -> Result<WorkflowStep> {
        answer(ctx, completed(ctx, input)?).await
    }

    /// The step failed. Whether it is tried again is decided as for any handler: by `retryable`, and by the template.
    #[graphql(guard = "Needs(Permission::WorkflowStepComplete)", directive = authorize::apply(Permission::WorkflowStepComplete))]
    async fn fail_step(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which step, and why.")] input: FailStepInput,
    ) -> Result<WorkflowStep> {
        let mut error = match input.retryable {
            true => StepError::retryable(input.message),
            false => StepError::permanent(input.message),
        };
        if let Some(code) = input.code {
            given::printable("code", &code, 200)?;
            error = error.with_code(code);
        }
        if let Some(wait) = given::seconds("retryAfterSeconds", input.retry_after_seconds, true)? {
            error = error.after(wait);
        }
        if let Some(results) = input.results {
            error = error.with_results(results.0);
        }
        let token = lease(ctx, &input.lease_token)?;
        answer(ctx, WorkerSays { token, ended: Err(error), events: events(input.events) }).await
    }

    /// Several steps are done. Each answer is taken or not by itself, and they share what it costs to write them.
    #[graphql(guard = "Needs(Permission::WorkflowStepComplete)", directive = authorize::apply(Permission::WorkflowStepComplete))]
    async fn complete_steps(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which steps, and what they leave.")] input: CompleteStepsInput,
    ) -> Result<Vec<StepCompletion>> {
        most("completions", input.completions.len())?;
        let tokens: Vec<ID> = input.completions.iter().map(|one| one.lease_token.clone()).collect();
        let says: Vec<WorkerSays> =
            input.completions.into_iter().map(|one| completed(ctx, one)).collect::<Result<_>>()?;
        let answers = ctx.data::<Engine>()?.answer_steps(subject(ctx)?, says).await;
        // What is nobody's fault but the service's concerns all of them: they are given again.
        let told = tokens.into_iter().zip(answers).map(|(lease_token, answer)| match answer {
            Ok(()) => Ok(StepCompletion { lease_token, accepted: true, code: None, message: None }),
            Err(error @ (orchestration::Error::Refused { .. } | orchestration::Error::BadInput(_))) => {
                let error = refused(error);
                let code = code_of(&error);
                Ok(StepCompletion { lease_token, accepted: false, code, message: Some(error.message) })
            }
            Err(error) => Err(refused(error)),
        });
        told.collect()
    }
}

fn code_of(error: &async_graphql::Error) -> Option<String> {
    match error.extensions.as_ref()?.get("code")? {
        async_graphql::Value::String(code) => Some(code.clone()),
        _ => None,
    }
}

fn subject<'a>(ctx: &Context<'a>) -> Result<&'a Subject> {
    Ok(decision(ctx)?.subject())
}

fn lasts(seconds: i32) -> Result<Duration> {
    given::within("leaseSeconds", seconds, 1, LONGEST_LEASE).map(Duration::from_secs)
}

fn waits(seconds: i32) -> Result<Duration> {
    given::within("waitSeconds", seconds, 0, LONGEST_WAIT).map(Duration::from_secs)
}

fn most(what: &str, count: usize) -> Result<()> {
    if count <= MOST {
        return Ok(());
    }
    Err(given::bad(format!("{what} has {count} entries, and a request has at most {MOST}")))
}

fn events(events: Option<Vec<StepEventInput>>) -> Vec<(String, Value)> {
    let payload =
        |payload: Option<Json>| payload.map(|payload| payload.0).filter(|payload| !payload.is_null());
    let one = |event: StepEventInput| (event.name, payload(event.payload).unwrap_or_else(empty));
    events.unwrap_or_default().into_iter().map(one).collect()
}

fn empty() -> Value {
    Value::Object(serde_json::Map::new())
}

fn completed(ctx: &Context<'_>, input: CompleteStepInput) -> Result<WorkerSays> {
    let results = input.results.map_or_else(empty, |results| results.0);
    Ok(WorkerSays {
        token: lease(ctx, &input.lease_token)?,
        ended: Ok(results),
        events: events(input.events),
    })
}

/// One answer, and the step as it is afterwards.
async fn answer(ctx: &Context<'_>, says: WorkerSays) -> Result<WorkflowStep> {
    let (engine, token) = (ctx.data::<Engine>()?, says.token);
    let answers = engine.answer_steps(subject(ctx)?, vec![says]).await;
    answers.into_iter().try_for_each(|answer| answer).map_err(refused)?;
    let gone = || Code::Internal.error("an answer was taken without a lease");
    let LeaseToken { task, no, .. } = token.ok_or_else(gone)?;
    let row = tasks::find(engine.database(), task.0, asked(ctx)).await.map_err(unread)?;
    let row = row.ok_or_else(|| refused(orchestration::Error::UnknownTask(task)))?;
    step(Task::only(Batch::new(engine, vec![row], asked(ctx))), no).await
}

async fn step(task: Task, no: StepNo) -> Result<WorkflowStep> {
    let run = task.run().await?;
    Ok(WorkflowStep::new(task, run, no))
}
