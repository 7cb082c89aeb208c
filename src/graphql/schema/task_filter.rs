//! Which tasks a caller wants to see.

use async_graphql::{InputObject, Result};

use super::{
    authorize::authorize,
    given,
    scalar::{DateTime, Json},
    words::Status,
};
use crate::{
    auth::Permission,
    data::tasks::{self, ContextEquals, Scalar},
};

/// Keys of a path; deeper contexts are not looked into.
const MAX_KEYS: usize = 20;

/// Which tasks. Everything that is given must hold; what is left out or null does not matter.
#[derive(InputObject, Debug, Clone, Default)]
pub struct TaskFilter {
    /// Of this namespace.
    pub namespace: Option<String>,
    /// Of the template with this name.
    pub name: Option<String>,
    /// Of this version of the template.
    pub version: Option<String>,
    /// In one of these statuses.
    pub statuses: Option<Vec<Status>>,
    /// With all of these tags.
    pub tags: Option<Vec<String>>,
    /// Asked for by this one.
    pub initiator: Option<String>,
    /// Come from this system.
    pub source_system: Option<String>,
    /// Requested at this moment or later.
    pub requested_after: Option<DateTime>,
    /// Requested before this moment.
    pub requested_before: Option<DateTime>,
    /// With this value in their context.
    #[graphql(directive = authorize::apply(Permission::TaskShow))]
    pub context: Option<TaskContextFilter>,
}

/// A value in a task's context.
#[derive(InputObject, Debug, Clone)]
pub struct TaskContextFilter {
    /// Where: keys with dots between them, as in `order.items.0.sku`, or a JSON pointer, as in `/order/items/0/sku`.
    /// A number is a place in a list where there is a list.
    pub path: String,
    /// What is there: a text, a number or a truth value. Numbers are compared by their value.
    pub equals: Json,
}

impl TaskFilter {
    /// As the data layer takes it.
    pub fn read(self) -> Result<tasks::TaskFilter> {
        let statuses = self.statuses.map(|statuses| statuses.into_iter().map(Into::into).collect());
        Ok(tasks::TaskFilter {
            scope: None,
            annotation: None,
            namespace: given::text("namespace", self.namespace)?,
            name: given::text("name", self.name)?,
            version: given::text("version", self.version)?,
            statuses,
            and_statuses: None,
            tags: given::texts("tags", self.tags)?.unwrap_or_default(),
            initiator: given::text("initiator", self.initiator)?,
            source_system: given::text("sourceSystem", self.source_system)?,
            requested_after: self.requested_after.map(|moment| moment.0),
            requested_before: self.requested_before.map(|moment| moment.0),
            context: self.context.map(TaskContextFilter::read).transpose()?,
        })
    }
}

impl TaskContextFilter {
    fn read(self) -> Result<ContextEquals> {
        given::text("context.path", Some(self.path.clone()))?;
        let path: Vec<String> = match self.path.strip_prefix('/') {
            Some(pointer) => {
                pointer.split('/').map(|key| key.replace("~1", "/").replace("~0", "~")).collect()
            }
            None => self.path.split('.').map(str::to_owned).collect(),
        };
        if self.path.is_empty() || path.len() > MAX_KEYS {
            return Err(given::bad(format!("context.path must have from 1 to {MAX_KEYS} keys")));
        }
        let equals = match self.equals.0 {
            serde_json::Value::String(text) => {
                given::text("context.equals", Some(text.clone()))?;
                Scalar::Text(text)
            }
            serde_json::Value::Number(number) => Scalar::Number(number),
            serde_json::Value::Bool(truth) => Scalar::Bool(truth),
            serde_json::Value::Null | serde_json::Value::Array(_) | serde_json::Value::Object(_) => {
                return Err(given::bad("context.equals must be a text, a number or a truth value"));
            }
        };
        Ok(ContextEquals { path, equals })
    }
}
