//! Creating tasks: look up, validate, store, start.

mod hash;
mod keys;
mod request;

pub(super) use keys::KeyLocks;
pub use request::TaskRequest;
pub(super) use request::check_tags;

use serde_json::{Value, json};

use super::{Engine, Error, capacity::Room, value};
use crate::{
    auth::Subject,
    data::{
        self,
        entity::{step, task},
        load::{self, Rows},
    },
    model::{
        change::{NewStep, NewTask},
        event::{Event, EventName, EventStep, EventTask},
        id::{StepId, StepNo, TaskId},
        status::Status,
        template::{IdentityStrategy, Template},
        time::Timestamp,
    },
};

/// What became of a request for a task.
#[derive(Debug, Clone, PartialEq)]
pub struct Created {
    /// The task's row: as it was stored, or as it would have been.
    pub task: task::Model,
    /// Its steps' rows, when they are not to be read from the database.
    pub steps: Option<Vec<step::Model>>,
    /// The same request made it before.
    pub existed: bool,
}

/// A request that has passed every check.
enum Prepared {
    New(Box<NewTask>),
    Existing(Box<Rows>),
}

impl Engine {
    /// Creates a task and its steps from a template, durably, and starts it here if there is room.
    ///
    /// The same idempotency key in the same namespace answers with the first task.
    pub async fn create_task(&self, subject: &Subject, request: TaskRequest) -> Result<Created, Error> {
        let mut created = self.create(subject, vec![request]).await.map_err(|error| match error {
            Error::At { source, .. } => *source,
            other => other,
        })?;
        created.pop().ok_or_else(|| Error::BadInput("no task was asked for".into()))
    }

    /// Creates several tasks, all or none; an error names the place of its request.
    pub async fn create_tasks(
        &self,
        subject: &Subject,
        requests: Vec<TaskRequest>,
    ) -> Result<Vec<Created>, Error> {
        let limit = self.settings().max_bulk_tasks;
        if requests.is_empty() || requests.len() > limit {
            return Err(Error::BadInput(format!(
                "tasks must have from 1 to {limit} entries; it has {}",
                requests.len()
            )));
        }
        self.create(subject, requests).await
    }

    async fn create(&self, subject: &Subject, requests: Vec<TaskRequest>) -> Result<Vec<Created>, Error> {
        if self.signals().draining.is_cancelled() {
            return Err(Error::Stopping);
        }
        let dry: Vec<bool> = requests.iter().map(|request| request.dry_run).collect();
        // Two requests with one key: the second waits and finds the first one's task.
        let _turn = self.keys().hold(requests.iter().filter_map(TaskRequest::key)).await;
        for _ in 0..2 {
            let prepared = self.prepare_all(subject, &requests).await?;
            match self.store(prepared, &dry).await {
                Err(data::Error::Duplicate) => {}
                stored => {
                    if matches!(stored, Err(data::Error::Overloaded)) {
                        self.metrics().overloaded.inc();
                    }
                    return Ok(stored?);
                }
            }
        }
        Err(Error::BadInput(
            "two of the tasks have the same idempotency key or identity; give each its own".into(),
        ))
    }

    async fn prepare_all(&self, subject: &Subject, requests: &[TaskRequest]) -> Result<Vec<Prepared>, Error> {
        let mut prepared = Vec::with_capacity(requests.len());
        let mut steps = 0;
        for (index, request) in requests.iter().enumerate() {
            let at = |source| Error::At { index, source: Box::new(source) };
            let one = self.prepare(subject, request).await.map_err(at)?;
            if let Prepared::New(task) = &one {
                steps += task.steps.len();
            }
            let limit = self.settings().max_bulk_steps;
            if requests.len() > 1 && steps > limit {
                return Err(Error::BadInput(format!(
                    "the tasks have more than {limit} steps together; send fewer at once"
                )));
            }
            prepared.push(one);
        }
        Ok(prepared)
    }

    /// One request, in the order that callers may rely on.
    async fn prepare(&self, subject: &Subject, request: &TaskRequest) -> Result<Prepared, Error> {
        request.check()?;
        if let Some(first) = self.find_by_key(request).await? {
            return Ok(Prepared::Existing(Box::new(first)));
        }
        let version = request.version()?;
        let template = self.templates().find(request.namespace(), &request.name, version.as_ref());
        let template = template.map_err(|unknown| Error::UnknownTemplate(unknown.to_string()))?.clone();
        let identity =
            (template.identity_strategy == IdentityStrategy::Hash).then(|| hash::identity(request));
        if let Some(first) = self.find_by_identity(request, identity.as_deref()).await? {
            return Ok(Prepared::Existing(Box::new(first)));
        }
        let bypass = request.bypassed(&template)?;
        template.validate_context(&request.context).map_err(Error::Invalid)?;
        let context = self.hooks(&template, request.context.clone()).await?;
        let context = value::checked("context", &context, self.settings().max_context_bytes)
            .map_err(Error::BadInput)?;
        let task = new_task(&template, request, subject, context, &bypass, identity, self.clock().now());
        Ok(Prepared::New(Box::new(task)))
    }

    async fn hooks(&self, template: &Template, context: Value) -> Result<Value, Error> {
        let class = template.task_handler_class.as_deref();
        let Some(handler) = class.and_then(|class| self.handlers().task(class)) else { return Ok(context) };
        handler.validate(&context).await.map_err(Error::Invalid)?;
        handler.initialize_context(context).await.map_err(|error| {
            Error::BadInput(format!("the task handler refuses the context: {}", error.message()))
        })
    }

    /// Stores what is new, in one change, and starts what there is room for.
    async fn store(&self, prepared: Vec<Prepared>, dry: &[bool]) -> Result<Vec<Created>, data::Error> {
        let mut answers = Vec::with_capacity(prepared.len());
        let mut new = Vec::new();
        let mut starts: Vec<(Rows, Room)> = Vec::new();
        let mut free = Vec::new();
        for (one, &dry) in prepared.into_iter().zip(dry) {
            match one {
                Prepared::Existing(rows) => {
                    answers.push(Created { task: rows.0, steps: None, existed: true });
                }
                Prepared::New(task) if dry => {
                    let (task, steps) = load::created(&task, None)?;
                    answers.push(Created { task, steps: Some(steps), existed: false });
                }
                Prepared::New(mut task) => {
                    let room = if task.wake_at.is_none() && !self.wakes().has_backlog() {
                        self.capacity().take()
                    } else {
                        None
                    };
                    task.owned = room.is_some();
                    let rows = load::created(&task, room.as_ref().map(|_| self.identity().id))?;
                    answers.push(Created { task: rows.0.clone(), steps: None, existed: false });
                    if let Some(room) = room {
                        starts.push((rows, room));
                    } else {
                        free.push(task.wake_at);
                    }
                    new.push(*task);
                }
            }
        }
        if new.is_empty() {
            return Ok(answers);
        }
        let count = new.len() as u64;
        self.journal().create(new).await?;
        self.metrics().tasks_created.inc_by(count);
        // Noted only now: a claimer that looked before the commit would have found nothing and forgotten it.
        free.into_iter().for_each(|wake_at| self.wakes().note(wake_at));
        self.wakes().ring();
        for (rows, room) in starts {
            let _ = self.run_rows(rows, room, None).await;
        }
        Ok(answers)
    }

    async fn find_by_key(&self, request: &TaskRequest) -> Result<Option<Rows>, Error> {
        let Some(key) = &request.idempotency_key else { return Ok(None) };
        let Some(rows) = load::by_key(self.database(), request.namespace(), key).await? else {
            return Ok(None);
        };
        if rows.0.request_hash.as_deref() == Some(&*hash::request(request)) {
            return Ok(Some(rows));
        }
        Err(Error::KeyReused { key: key.clone(), task: TaskId(rows.0.id) })
    }

    async fn find_by_identity(
        &self,
        request: &TaskRequest,
        identity: Option<&str>,
    ) -> Result<Option<Rows>, Error> {
        let Some(identity) = identity else { return Ok(None) };
        Ok(load::by_identity(self.database(), request.namespace(), identity).await?)
    }
}

fn new_task(
    template: &Template,
    request: &TaskRequest,
    subject: &Subject,
    context: String,
    bypass: &[StepNo],
    identity_hash: Option<String>,
    now: Timestamp,
) -> NewTask {
    let id = TaskId::new();
    let steps: Vec<NewStep> = (0..)
        .map(StepNo)
        .zip(&template.steps)
        .map(|(no, step)| {
            let bypassed = bypass.contains(&no);
            NewStep {
                id: StepId::new(),
                no,
                name: step.name.clone(),
                status: if bypassed { Status::ResolvedManually } else { Status::Pending },
                retry_limit: step.retry_limit,
                results: bypassed.then(|| json!({ "bypassed": true }).to_string()),
                completed_at: bypassed.then_some(now),
            }
        })
        .collect();
    let about =
        EventTask { id, namespace: template.namespace.as_str().into(), name: template.name.as_str().into() };
    let event = |name, step: Option<&NewStep>, from, to, details| Event {
        name,
        occurred_at: now,
        task: about.clone(),
        step: step.map(|step| EventStep { id: step.id, name: step.name.as_str().into(), attempt: 0 }),
        from,
        to,
        actor: subject.name().cloned(),
        details: Some(details),
    };
    let mut events = vec![event(
        EventName::TaskCreated,
        None,
        None,
        Some(Status::Pending),
        json!({
            "version": template.version.to_string(),
            "total_steps": steps.len(),
            "request_id": request.request_id,
        }),
    )];
    events.extend(bypass.iter().map(|no| {
        let moved = (Some(Status::Pending), Some(Status::ResolvedManually));
        event(
            EventName::StepResolvedManually,
            steps.get(no.index()),
            moved.0,
            moved.1,
            json!({ "bypassed": true }),
        )
    }));
    let delay = request.delay.unwrap_or(template.delay);
    NewTask {
        id,
        digest: template.digest.to_string(),
        namespace: template.namespace.clone(),
        name: template.name.clone(),
        version: template.version.to_string(),
        owned: false,
        wake_at: (!delay.is_zero()).then(|| now.plus(delay)),
        priority: request.priority.unwrap_or(template.priority),
        context,
        reason: request.reason.clone(),
        tags: request.tags.clone(),
        initiator: request.initiator.clone(),
        source_system: request.source_system.clone(),
        created_by: subject.name().map(ToString::to_string),
        bypass_steps: request.bypass_steps.clone(),
        identity_hash,
        idempotency_key: request.idempotency_key.clone(),
        request_hash: request.idempotency_key.as_ref().map(|_| hash::request(request)),
        request_id: request.request_id.clone(),
        requested_at: request.requested_at.unwrap_or(now),
        deadline_at: request.timeout.or(template.timeout).map(|limit| now.plus(limit)),
        created_at: now,
        steps,
        events,
    }
}
