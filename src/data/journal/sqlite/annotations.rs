//! Notes about tasks.

use super::{
    super::store::Failed,
    rows::{Multi, Value},
};
use crate::model::annotation::Annotation;

impl Multi<'_> {
    /// Adds a note, what it is found by, and its type where that is new.
    pub(super) fn annotate(&mut self, note: &Annotation) -> Result<(), Failed> {
        let (task, text) = (Value::Id(note.task.0), note.annotation.to_string());
        let sql = "INSERT INTO tasker_task_annotations (id, task_id, annotation_type, annotation, created_by, created_at)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let values = [
            Value::Id(note.id),
            task,
            Value::Text(&note.annotation_type),
            Value::Text(&text),
            note.created_by.as_deref().into(),
            Value::Integer(note.created_at.0),
        ];
        self.execute(sql, &values)?;
        let values: Vec<Value<'_>> =
            note.digests().into_iter().flat_map(|digest| [Value::Id(digest), task]).collect();
        let sql = "INSERT OR IGNORE INTO tasker_task_annotation_values (digest, task_id)
            SELECT column1, column2 FROM (VALUES {rows}) WHERE column1 IS NOT NULL";
        self.many(sql, 2, &values)?;
        let sql = "INSERT INTO tasker_annotation_types (namespace, name, description, created_at)
            VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (namespace, name) DO UPDATE SET description = coalesce(excluded.description, description)";
        let values = [
            Value::Text(&note.namespace),
            Value::Text(&note.annotation_type),
            note.type_description.as_deref().into(),
            Value::Integer(note.created_at.0),
        ];
        self.execute(sql, &values).map(drop)
    }
}
