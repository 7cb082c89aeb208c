//! Noting something about a task.

use serde_json::Value;

use super::{Caller, Engine, Error, value};
use crate::{
    data::{
        Error as Unwritten, annotations,
        journal::Addition,
        tasks::{self, Contents},
    },
    model::{
        annotation::{self, Annotation},
        id::TaskId,
    },
};

/// Bytes that an annotation may have.
const MAX_BYTES: usize = 64 << 10;

/// Keys that an annotation may have: each that can be looked for costs a row.
const MAX_KEYS: usize = 100;

/// What is noted about a task.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// What kind of note it is.
    pub annotation_type: String,
    /// What notes of this kind are, for people; none leaves what is known.
    pub type_description: Option<String>,
    /// What it says: an object.
    pub annotation: Value,
}

impl Engine {
    /// Adds a note to a task, whatever its status and whoever runs it; durable when it answers.
    pub async fn annotate_task(
        &self,
        caller: impl Into<Caller>,
        task: TaskId,
        note: Note,
    ) -> Result<(), Error> {
        let caller = caller.into();
        note.check().map_err(Error::BadInput)?;
        let row = tasks::find(self.database(), task.0, Contents::default()).await?;
        let row = row.ok_or(Error::UnknownTask(task))?;
        if annotations::count(self.database(), task).await? >= annotation::MAX_OF_A_TASK {
            return Err(Error::TooManyAnnotations { limit: annotation::MAX_OF_A_TASK });
        }
        let now = self.clock().now();
        let record = caller.record(now).map(|record| record.within(&row.namespace).about(task));
        let Note { annotation_type, type_description, annotation } = note;
        let annotation = Annotation {
            id: uuid::Uuid::now_v7(),
            task,
            namespace: row.namespace,
            annotation_type,
            type_description,
            annotation,
            created_by: caller.subject.name().map(ToString::to_string),
            created_at: now,
        };
        match self.journal().add(task, Addition::Annotation(Box::new(annotation)), record).await {
            Ok(_) => Ok(()),
            Err(Unwritten::Guard) => Err(Error::UnknownTask(task)),
            Err(error) => Err(error.into()),
        }
    }
}

impl Note {
    fn check(&self) -> Result<(), String> {
        let name = &self.annotation_type;
        if name.trim().is_empty() || name.chars().any(char::is_control) {
            return Err("annotationType must be 1 to 64 printable characters".into());
        }
        value::checked_text("annotationType", name, 64)?;
        if let Some(description) = &self.type_description {
            value::checked_text("typeDescription", description, 255)?;
        }
        let Value::Object(keys) = &self.annotation else {
            return Err(r#"annotation must be an object, such as {"ticket": "T-7"}"#.into());
        };
        if keys.len() > MAX_KEYS {
            return Err(format!("annotation has {} keys, and at most {MAX_KEYS} are stored", keys.len()));
        }
        value::checked("annotation", &self.annotation, MAX_BYTES).map(drop)
    }
}
