//! Creating tasks: look up, validate, store, start.

mod hash;
mod keys;
mod new_task;
mod request;
mod store;

pub(super) use keys::KeyLocks;
pub use request::TaskRequest;
pub(super) use request::check_tags;

use serde_json::Value;

use self::new_task::new_task;
use super::{Caller, Engine, Error, value};
use crate::{
    auth::Subject,
    data::{
        self,
        entity::{step, task},
        load::{self, Rows},
    },
    model::{
        change::NewTask,
        id::TaskId,
        template::{IdentityStrategy, Template},
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
    pub async fn create_task(
        &self,
        caller: impl Into<Caller>,
        request: TaskRequest,
    ) -> Result<Created, Error> {
        let mut created = self.create(caller.into(), vec![request]).await.map_err(|error| match error {
            Error::At { source, .. } => *source,
            other => other,
        })?;
        created.pop().ok_or_else(|| Error::BadInput("no task was asked for".into()))
    }

    /// Creates several tasks, all or none; an error names the place of its request.
    pub async fn create_tasks(
        &self,
        caller: impl Into<Caller>,
        requests: Vec<TaskRequest>,
    ) -> Result<Vec<Created>, Error> {
        let limit = self.settings().max_bulk_tasks;
        if requests.is_empty() || requests.len() > limit {
            return Err(Error::BadInput(format!(
                "tasks must have from 1 to {limit} entries; it has {}",
                requests.len()
            )));
        }
        self.create(caller.into(), requests).await
    }

    async fn create(&self, caller: Caller, requests: Vec<TaskRequest>) -> Result<Vec<Created>, Error> {
        if self.signals().draining.is_cancelled() {
            return Err(Error::Stopping);
        }
        let dry: Vec<bool> = requests.iter().map(|request| request.dry_run).collect();
        // Two requests with one key: the second waits and finds the first one's task.
        let _turn = self.keys().hold(requests.iter().filter_map(TaskRequest::key)).await;
        for _ in 0..2 {
            let prepared = self.prepare_all(&caller.subject, &requests).await?;
            match self.store(&caller, prepared, &dry).await {
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
