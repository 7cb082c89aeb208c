//! Stored rows as the model knows them. What can't be read is an error, never a default.

use std::{collections::HashMap, sync::Arc};

use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder};
use serde_json::Value;
use uuid::Uuid;

use super::{
    Database, Error,
    entity::{step, task},
    remote,
};
use crate::model::{
    change::{NewStep, NewTask},
    event::EventTask,
    id::{NodeId, StepId, StepNo, TaskId},
    status::Status,
    step::Step,
    task::Task,
    template::Template,
    time::Timestamp,
    trace::TraceContext,
};

/// A task's row with its steps' rows, in template order.
pub type Rows = (task::Model, Vec<step::Model>);

/// The rows of these tasks, in no order; those that are gone are left out. Two statements, and a third where
/// steps are in progress: a worker may have them.
pub async fn rows(database: &Database, tasks: &[TaskId]) -> Result<Vec<Rows>, Error> {
    let ids: Vec<Uuid> = tasks.iter().map(|task| task.0).collect();
    let found = task::Entity::find()
        .filter(task::Column::Id.is_in(ids.iter().copied()))
        .all(&database.reader)
        .await?;
    let mut steps = steps(database, &ids).await?;
    let running =
        |steps: &Vec<step::Model>| steps.iter().any(|step| step.status == Status::InProgress.as_str());
    let at_work = steps.iter().filter(|(_, steps)| running(steps)).map(|(task, _)| *task);
    for (task, leases) in remote::leases(database, at_work.collect::<Vec<_>>()).await? {
        let own = steps.entry(task).or_default();
        for lease in leases {
            if let Some(step) = own.get_mut(lease.token.no.index()) {
                step.lease = Some(Box::new(lease));
            }
        }
    }
    Ok(found
        .into_iter()
        .map(|task| {
            let own = steps.remove(&task.id).unwrap_or_default();
            (task, own)
        })
        .collect())
}

/// The steps' rows of these tasks, each in template order. One statement.
pub async fn steps(database: &Database, tasks: &[Uuid]) -> Result<HashMap<Uuid, Vec<step::Model>>, Error> {
    let found = step::Entity::find()
        .filter(step::Column::TaskId.is_in(tasks.iter().copied()))
        .order_by_asc(step::Column::TaskId)
        .order_by_asc(step::Column::No)
        .all(&database.reader)
        .await?;
    let mut by_task: HashMap<Uuid, Vec<step::Model>> = HashMap::new();
    for row in found {
        by_task.entry(row.task_id).or_default().push(row);
    }
    Ok(by_task)
}

/// The first task with this idempotency key.
pub async fn by_key(database: &Database, namespace: &str, key: &str) -> Result<Option<Rows>, Error> {
    let same = task::Column::Namespace.eq(namespace).and(task::Column::IdempotencyKey.eq(key));
    let found = task::Entity::find().filter(same).one(&database.reader).await?;
    Ok(found.map(|task| (task, Vec::new())))
}

/// The first task with this identity.
pub async fn by_identity(
    database: &Database,
    namespace: &str,
    identity: &str,
) -> Result<Option<Rows>, Error> {
    let same = task::Column::Namespace.eq(namespace).and(task::Column::IdentityHash.eq(identity));
    let found = task::Entity::find().filter(same).one(&database.reader).await?;
    Ok(found.map(|task| (task, Vec::new())))
}

/// The rows that creating `new` writes, without reading them back.
pub fn created(new: &NewTask, owner: Option<NodeId>) -> Result<Rows, Error> {
    let json = |text: &str| serde_json::from_str(text).map_err(|error| Error::Corrupt(error.to_string()));
    let task = task::Model {
        id: new.id.0,
        digest: new.digest.clone(),
        namespace: new.namespace.clone(),
        name: new.name.clone(),
        version: new.version.clone(),
        status: Status::Pending.as_str().into(),
        owner: owner.map(|node| node.0),
        wake_at: new.wake_at.map(|at| at.0),
        recoveries: 0,
        priority: new.priority,
        context: json(&new.context)?,
        reason: new.reason.clone(),
        tags: new.tags.clone().into(),
        initiator: new.initiator.clone(),
        source_system: new.source_system.clone(),
        created_by: new.created_by.clone(),
        bypass_steps: new.bypass_steps.clone().into(),
        identity_hash: new.identity_hash.clone(),
        idempotency_key: new.idempotency_key.clone(),
        request_hash: new.request_hash.clone(),
        request_id: new.request_id.clone(),
        traceparent: new.trace.as_ref().map(ToString::to_string),
        tracestate: new.trace.as_ref().and_then(|trace| trace.state()).map(Into::into),
        requested_at: new.requested_at.0,
        deadline_at: new.deadline_at.map(|at| at.0),
        created_at: new.created_at.0,
        started_at: None,
        completed_at: None,
        updated_at: new.created_at.0,
    };
    let step = |step: &NewStep| {
        Ok(step::Model {
            task_id: new.id.0,
            no: i32::try_from(step.no.0).unwrap_or(i32::MAX),
            id: step.id.0,
            name: step.name.clone(),
            status: step.status.as_str().into(),
            attempts: 0,
            released: 0,
            retry_limit: i32::try_from(step.retry_limit).unwrap_or(i32::MAX),
            next_attempt_at: None,
            awaiting_since: None,
            backoff_seconds: None,
            started_at: None,
            completed_at: step.completed_at.map(|at| at.0),
            updated_at: new.created_at.0,
            inputs: None,
            results: step.results.as_deref().map(json).transpose()?,
            error: None,
            lease: None,
        })
    };
    Ok((task, new.steps.iter().map(step).collect::<Result<_, Error>>()?))
}

/// A task in memory from its rows and the template it is pinned to.
pub fn task((row, steps): Rows, template: Arc<Template>) -> Result<Task, Error> {
    if steps.len() != template.steps.len() {
        return Err(Error::Corrupt(format!(
            "task {} has {} of {} steps",
            row.id,
            steps.len(),
            template.steps.len()
        )));
    }
    let status = status(&row.status)?;
    let wake_at = row.wake_at.map(Timestamp);
    Ok(Task {
        about: EventTask { id: TaskId(row.id), namespace: row.namespace.into(), name: row.name.into() },
        template,
        status,
        context: Arc::new(row.context),
        reason: row.reason,
        tags: texts(&row.tags)?,
        priority: row.priority,
        request_id: row.request_id.map(Into::into),
        trace: trace(row.traceparent.as_deref(), row.tracestate.as_deref())?,
        created_at: Timestamp(row.created_at),
        updated_at: Timestamp(row.updated_at),
        started_at: row.started_at.map(Timestamp),
        completed_at: row.completed_at.map(Timestamp),
        deadline_at: row.deadline_at.map(Timestamp),
        not_before: wake_at.filter(|_| status == Status::Pending),
        recoveries: number(row.recoveries)?,
        steps: steps.into_iter().map(step).collect::<Result<_, _>>()?,
    })
}

/// A step in memory from its row.
pub fn step(row: step::Model) -> Result<Step, Error> {
    let error = row.error.filter(|error| !error.is_null());
    let unreadable = |why| Error::Corrupt(format!("the error of step {}: {why}", row.id));
    Ok(Step {
        id: StepId(row.id),
        no: StepNo(number(row.no)?),
        status: status(&row.status)?,
        attempts: number(row.attempts)?,
        released: number(row.released)?,
        retry_limit: number(row.retry_limit)?,
        next_attempt_at: row.next_attempt_at.map(Timestamp),
        awaiting_since: row.awaiting_since.map(Timestamp),
        backoff_seconds: row.backoff_seconds,
        inputs: row.inputs.map(Arc::new),
        results: row.results.map(Arc::new),
        lease: row.lease,
        error: error.map(serde_json::from_value).transpose().map_err(unreadable)?,
        started_at: row.started_at.map(Timestamp),
        completed_at: row.completed_at.map(Timestamp),
        updated_at: Timestamp(row.updated_at),
    })
}

/// A stored trace.
fn trace(parent: Option<&str>, state: Option<&str>) -> Result<Option<TraceContext>, Error> {
    let read = |text: &str| {
        TraceContext::parse(text, state).ok_or_else(|| Error::Corrupt(format!("traceparent {text}")))
    };
    parent.map(read).transpose()
}

/// A stored status.
pub fn status(word: &str) -> Result<Status, Error> {
    Status::parse(word).ok_or_else(|| Error::Corrupt(format!("status {word}")))
}

/// A stored list of texts.
pub fn texts(value: &Value) -> Result<Vec<String>, Error> {
    let unreadable = || Error::Corrupt(format!("a list of texts: {value}"));
    let list = value.as_array().ok_or_else(unreadable)?;
    list.iter().map(|text| text.as_str().map(Into::into).ok_or_else(unreadable)).collect()
}

fn number(value: i32) -> Result<u32, Error> {
    u32::try_from(value).map_err(|_| Error::Corrupt(format!("the count {value}")))
}
