//! What workers get, and what they hear of it.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use serde_json::{Map, Value};

use super::{
    caller::{decision, root},
    scalar::{DateTime, Json},
};
use crate::{
    graphql::Code,
    model::lease::LeaseToken,
    orchestration::{Claimed, Heartbeat},
};

/// An attempt that a worker has claimed, with everything that it needs for it.
pub struct ClaimedStep(pub Claimed);

/// An attempt that a worker has claimed, with everything that it needs for it.
#[Object]
impl ClaimedStep {
    /// The right to answer for the attempt. Keep it to yourself: whoever shows it, under the same name, answers.
    async fn lease_token(&self) -> ID {
        self.0.lease.token.to_string().into()
    }

    /// When the attempt is given back without a heartbeat.
    async fn lease_expires_at(&self) -> DateTime {
        DateTime(self.0.lease.expires_at)
    }

    /// When the attempt has failed, heartbeats or not: the step's `timeout_seconds`, or the task's.
    async fn deadline_at(&self) -> DateTime {
        DateTime(self.0.lease.deadline_at)
    }

    /// The number of the attempt, from 1.
    async fn attempt(&self) -> i32 {
        i32::try_from(self.0.lease.token.attempt).unwrap_or(i32::MAX)
    }

    /// The same for every attempt of the step: pass it on to whatever must not do things twice. It is the step's id.
    async fn idempotency_key(&self) -> ID {
        self.0.step.0.into()
    }

    /// The task.
    async fn task_id(&self) -> ID {
        self.0.lease.token.task.0.into()
    }

    /// The name of its template.
    async fn task_name(&self) -> &str {
        &self.0.template.name
    }

    /// The namespace of its template.
    async fn namespace(&self) -> &str {
        &self.0.template.namespace
    }

    /// The version of its template.
    async fn version(&self) -> String {
        self.0.template.version.to_string()
    }

    /// The step.
    async fn workflow_step_id(&self) -> ID {
        self.0.step.0.into()
    }

    /// The step's name.
    async fn name(&self) -> &str {
        &self.0.about().name
    }

    /// The handler that it names.
    async fn handler_class(&self) -> &str {
        &self.0.about().handler_class
    }

    /// The template's `handler_config`, with its variables as they are written: `${NAME}`.
    async fn handler_config(&self) -> Json {
        Json(self.0.about().handler_config.clone())
    }

    /// The task's input.
    async fn context(&self) -> Json {
        Json((*self.0.context).clone())
    }

    /// What the step is to work on: its own inputs where `updateStep` gave it some, otherwise the task's context.
    async fn inputs(&self) -> Json {
        Json((**self.0.inputs.as_ref().unwrap_or(&self.0.context)).clone())
    }

    /// What the steps that it runs after have left, directly or not, by their names. Null of a step that left nothing.
    async fn dependency_results(&self) -> Json {
        let left = self.0.results.iter().map(|(no, results)| {
            let results = results.as_ref().map_or(Value::Null, |results| (**results).clone());
            (self.0.template.step(*no).name.clone(), results)
        });
        Json(Value::Object(left.collect::<Map<_, _>>()))
    }

    /// The attempt's place in its trace, for the header `traceparent`; null without one.
    async fn traceparent(&self) -> Option<&str> {
        self.0.traceparent.as_deref()
    }
}

/// What became of a lease.
#[derive(SimpleObject)]
pub struct StepHeartbeat {
    /// The lease.
    lease_token: ID,
    /// It lasts on. If not, an answer would be refused: stop.
    valid: bool,
    /// The step was cancelled: stop.
    cancelled: bool,
    /// When the attempt is given back without another heartbeat; null where the lease is not valid.
    lease_expires_at: Option<DateTime>,
    /// When the attempt has failed whatever the worker says; null where the lease is not valid.
    deadline_at: Option<DateTime>,
}

impl StepHeartbeat {
    /// Of the lease that was asked about.
    pub fn of(lease_token: ID, beat: &Heartbeat) -> Self {
        Self {
            lease_token,
            valid: beat.valid,
            cancelled: beat.cancelled,
            lease_expires_at: beat.expires_at.map(DateTime),
            deadline_at: beat.deadline_at.map(DateTime),
        }
    }
}

/// What became of one of several answers.
#[derive(SimpleObject)]
pub struct StepCompletion {
    /// The lease.
    pub lease_token: ID,
    /// It was taken, now or before. If not, nothing of it was.
    pub accepted: bool,
    /// Why it was not taken: `CONFLICT` where the lease is not valid, `BAD_USER_INPUT` where the answer is at fault.
    pub code: Option<String>,
    /// The same in words.
    pub message: Option<String>,
}

/// There is something to claim.
#[derive(SimpleObject)]
pub struct StepsAvailable {
    /// For handlers of these classes.
    pub handler_classes: Vec<String>,
}

/// A lease, if it is one of a task that the caller may reach: any other is like one that was never given.
pub fn lease(ctx: &Context<'_>, token: &ID) -> Result<Option<LeaseToken>> {
    let token = LeaseToken::parse(token);
    let decided = decision(ctx)?;
    Ok(token.filter(|token| decided.may_change(root(ctx), token.task)))
}

/// Refuses classes of handlers that the caller's credential is not for.
pub fn may_run(ctx: &Context<'_>, classes: &[String]) -> Result<()> {
    let bounds = decision(ctx)?.subject().bounds();
    match bounds.beyond(classes) {
        Some(message) => Err(Code::Forbidden.error(message)),
        None => Ok(()),
    }
}
