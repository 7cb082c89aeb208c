//! A note about a task: an object of some type, which programs and people add and look for.

use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{id::TaskId, time::Timestamp};

/// Annotations that one task may have.
pub const MAX_OF_A_TASK: u64 = 100;

/// A note about a task.
#[derive(Debug, Clone, PartialEq)]
pub struct Annotation {
    /// Its id; in the order of time.
    pub id: Uuid,
    /// Which task.
    pub task: TaskId,
    /// The task's namespace.
    pub namespace: String,
    /// What kind of note it is.
    pub annotation_type: String,
    /// What notes of this kind are, where it was said with this one.
    pub type_description: Option<String>,
    /// What it says: an object.
    pub annotation: Value,
    /// The subject that added it.
    pub created_by: Option<String>,
    /// When it was added.
    pub created_at: Timestamp,
}

impl Annotation {
    /// What the note is found by, each once: its keys with what they hold, where that is a text, a number or a truth
    /// value.
    pub fn digests(&self) -> Vec<Uuid> {
        let keys = self.annotation.as_object().into_iter().flatten();
        let scalars = keys.filter_map(|(key, value)| Some((key, as_text(value)?)));
        let mut digests: Vec<Uuid> =
            scalars.map(|(key, value)| digest(&self.annotation_type, key, &value)).collect();
        digests.sort_unstable();
        digests.dedup();
        digests
    }
}

/// What a note of this type is found by that holds `value`, written as text, under `key`. As long as any other,
/// however long the value is, so that an index takes it.
pub fn digest(annotation_type: &str, key: &str, value: &str) -> Uuid {
    // As JSON, so that no text runs into the next.
    let text = Value::from(vec![annotation_type, key, value]).to_string();
    let hash = Sha256::digest(text.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    Uuid::from_bytes(bytes)
}

/// A text as it is, a number or truth value as JSON writes it.
fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn note(annotation: Value) -> Annotation {
        Annotation {
            id: Uuid::now_v7(),
            task: TaskId::new(),
            namespace: "default".into(),
            annotation_type: "review".into(),
            type_description: None,
            annotation,
            created_by: None,
            created_at: Timestamp(0),
        }
    }

    #[test]
    fn a_note_is_found_by_each_plain_value_under_its_key() {
        let digests =
            note(json!({ "by": "ada", "score": 5, "done": true, "list": [1], "no": null })).digests();
        for (key, value) in [("by", "ada"), ("score", "5"), ("done", "true")] {
            assert!(digests.contains(&digest("review", key, value)), "{key}");
        }
        assert_eq!(digests.len(), 3);
        for (kind, key, value) in
            [("other", "by", "ada"), ("review", "score", "5.0"), ("review", "byada", "")]
        {
            assert!(!digests.contains(&digest(kind, key, value)), "{kind} {key} {value}");
        }
        assert_eq!(note(json!({ "a": "1", "b": 1 })).digests().len(), 2);
    }
}
