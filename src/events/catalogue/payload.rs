//! From keys to JSON Schemas and examples.

use serde_json::{Map, Value, json};

use super::key::{ATTEMPT_NUMBER, Key, STEP_ID, STEP_NAME, TASK_ID, TASK_NAME, TIMESTAMP};

/// What every event carries about its task.
const OF_TASK: [Key; 3] = [TASK_ID, TASK_NAME, TIMESTAMP];

/// What an event about a step carries besides.
const OF_STEP: [Key; 3] = [STEP_ID, STEP_NAME, ATTEMPT_NUMBER];

/// What a payload holds.
pub(super) struct Payload {
    keys: Vec<Key>,
    /// Who publishes it may add keys of its own.
    open: bool,
}

impl Payload {
    /// About a task, or about a step.
    pub(super) fn of(about_step: bool, own: &[Key], open: bool) -> Self {
        let step: &[Key] = if about_step { &OF_STEP } else { &[] };
        Self { keys: [&OF_TASK, step, own].concat(), open }
    }

    pub(super) fn schema(&self) -> Value {
        let properties: Map<String, Value> =
            self.keys.iter().map(|key| (key.name.to_owned(), key.schema())).collect();
        let required: Vec<&str> = self.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": self.open,
        })
    }

    pub(super) fn example(&self) -> Value {
        self.keys.iter().map(|key| (key.name.to_owned(), key.example())).collect()
    }
}

fn of_publisher() -> Payload {
    let step = OF_STEP.map(Key::perhaps);
    Payload { keys: [&OF_TASK[..], &step].concat(), open: true }
}

/// The payload of a custom event: whatever its publisher says, and what it is about. Published from outside it is
/// about no step.
pub(super) fn of_custom() -> Value {
    of_publisher().schema()
}

pub(super) fn example_of_custom() -> Value {
    of_publisher().example()
}
