//! What a payload can hold: each key once, with what it means, what its values are, and one of them.

use serde_json::{Value, json};

use crate::model::{failure::FailureKind, outcome::ReleaseReason, status::Status};

/// One key of a payload.
#[derive(Clone, Copy)]
pub(super) struct Key {
    pub(super) name: &'static str,
    holds: Holds,
    description: &'static str,
    /// It is always there.
    pub(super) required: bool,
    example: fn() -> Value,
}

/// What values a key has.
#[derive(Clone, Copy)]
enum Holds {
    Id,
    Ids,
    Text,
    Texts,
    Count,
    ByStatus,
    Seconds,
    Percentage,
    Moment,
    True,
    Kind,
    Release,
    Word(&'static [&'static str]),
    Words(&'static [&'static str]),
}

impl Key {
    /// The same, which is not always there.
    pub(super) const fn perhaps(self) -> Self {
        Self { required: false, ..self }
    }

    /// Its place in a schema's `properties`.
    pub(super) fn schema(&self) -> Value {
        let mut schema = match self.holds {
            Holds::Id => json!({ "type": "string", "format": "uuid" }),
            Holds::Ids => json!({ "type": "array", "items": { "type": "string", "format": "uuid" } }),
            Holds::Text => json!({ "type": "string" }),
            Holds::Texts => json!({ "type": "array", "items": { "type": "string" } }),
            Holds::Count => json!({ "type": "integer", "minimum": 0 }),
            Holds::ByStatus => json!({
                "type": "object",
                "propertyNames": { "enum": Status::ALL.map(Status::as_str) },
                "additionalProperties": { "type": "integer", "minimum": 1 },
            }),
            Holds::Seconds => json!({ "type": "number", "minimum": 0 }),
            Holds::Percentage => json!({ "type": "number", "minimum": 0, "maximum": 100 }),
            Holds::Moment => json!({ "type": "string", "format": "date-time" }),
            Holds::True => json!({ "const": true }),
            Holds::Kind => {
                json!({ "type": "string", "enum": FailureKind::ALL.map(FailureKind::as_str) })
            }
            Holds::Release => {
                json!({ "type": "string", "enum": ReleaseReason::ALL.map(ReleaseReason::as_str) })
            }
            Holds::Word(words) => json!({ "type": "string", "enum": words }),
            Holds::Words(words) => json!({ "type": "array", "items": { "enum": words } }),
        };
        schema["description"] = json!(self.description);
        schema
    }

    /// One of its values.
    pub(super) fn example(&self) -> Value {
        (self.example)()
    }
}

macro_rules! keys {
    ($($key:ident: $name:literal $holds:expr, $description:literal, $example:tt;)*) => {$(
        pub(super) const $key: Key = Key {
            name: $name,
            holds: $holds,
            description: $description,
            required: true,
            example: || json!($example),
        };
    )*};
}

use Holds::{
    ByStatus, Count, Id, Ids, Kind, Moment, Percentage, Release, Seconds, Text, Texts, True, Word, Words,
};

keys! {
    TASK_ID: "task_id" Id, "The task.", "01997a7b-3c00-7000-8000-000000000001";
    TASK_NAME: "task_name" Text, "The name of the task's template.", "order_process";
    STEP_ID: "step_id" Id, "The step; the same over all of its attempts.", "01997a7b-3c00-7000-8000-000000000002";
    STEP_NAME: "step_name" Text, "The step's name.", "process_payment";
    ATTEMPT_NUMBER: "attempt_number" Count, "The number of the step's latest attempt; 0 before the first.", 1;
    TIMESTAMP: "timestamp" Moment, "When it happened, by the clock of the node that saw it.", "2026-11-23T09:30:00.000000Z";

    VERSION: "version" Text, "The version of the task's template.", "1.0.0";
    REQUEST_ID: "request_id" Text, "The request that created the task.", "01997a7b-3c00-7000-8000-0000000000aa";
    REASON: "reason" Text, "Why, in the words of who asked for it.", "the customer called";
    TOTAL_STEPS: "total_steps" Count, "How many steps the task has.", 4;
    COMPLETED_STEPS: "completed_steps" Count, "How many of them are complete or resolved.", 4;
    FAILED_STEPS: "failed_steps" Count, "How many of them rest in error.", 0;
    EXECUTION_DURATION: "execution_duration" Seconds, "Seconds since the task's first step started.", 2.5;
    TOTAL_EXECUTION_DURATION: "total_execution_duration" Seconds, "Seconds since the task was created.", 2.75;
    ERROR_STEPS: "error_steps" Texts, "The names of the first 20 steps that rest in error.", ["process_payment"];
    ERROR_MESSAGE: "error_message" Text, "What went wrong, for people.", "the card was declined";
    EXCEPTION_CLASS: "exception_class" Kind, "What kind of error it was.", "permanent";
    ERROR_CODE: "error_code" Text, "What went wrong, for programs; where the handler said so.", "CARD_DECLINED";
    STEPS_BY_STATUS: "steps" ByStatus, "How many steps it had, by status.", { "complete": 4, "cancelled": 1 };
    TASK_CHANGES: "changed" Words(&["reason", "tags"]), "What about it.", ["tags"];

    ATTEMPT_DURATION: "execution_duration" Seconds, "Seconds that the attempt took.", 0.25;
    RETRY_LIMIT: "retry_limit" Count, "How many attempts the step may have in all.", 3;
    BACKOFF_SECONDS: "backoff_seconds" Seconds, "Seconds before the next attempt.", 1.0;
    BACKOFF_TYPE: "backoff_type" Word(&["exponential", "server_requested"]), "Whether the template's formula gave the wait, or the server that was called asked for it.", "exponential";
    NEXT_ATTEMPT_AT: "next_attempt_at" Moment, "When the next attempt may start.", "2026-11-23T09:30:01.000000Z";
    PREVIOUS_ATTEMPTS: "previous_attempts" Count, "How many attempts were made.", 1;
    BYPASSED: "bypassed" True, "It was settled when its task was created, by `bypassSteps`.", true;
    STEP_CHANGES: "changed" Words(&["retry_limit", "inputs"]), "What about it.", ["retry_limit"];
    RELEASE_REASON: "reason" Release, "Why the attempt was given back.", "node_lost";
    WORKER: "worker" Text, "What the worker calls itself that makes the attempt.", "orders-worker-1";
    HANDLER_CLASS: "handler_class" Text, "The handler that is missing here.", "OrderProcess::StepHandler::ShipHandler";

    STEP_IDS: "step_ids" Ids, "The steps that are about to start.", ["01997a7b-3c00-7000-8000-000000000002"];
    STEP_NAMES: "step_names" Texts, "Their names.", ["process_payment"];
    STEP_COUNT: "step_count" Count, "How many they are.", 1;
    PROCESSING_MODE: "processing_mode" Word(&["concurrent", "sequential"]), "Whether steps of the task run side by side.", "concurrent";
    FINAL_STATUS: "final_status" Word(&["complete", "error", "cancelled", "resolved_manually"]), "Where the task rests.", "complete";
    EXECUTION_STATUS: "execution_status" Word(&["blocked_by_failures", "all_complete"]), "What its steps are doing, taken together.", "all_complete";
    HEALTH_STATUS: "health_status" Word(&["healthy", "recovering", "blocked", "unknown"]), "How it is doing.", "healthy";
    RECOMMENDED_ACTION: "recommended_action" Word(&["handle_failures", "finalize_task"]), "What an operator might do about it.", "finalize_task";
    COMPLETION_PERCENTAGE: "completion_percentage" Percentage, "The share of its steps that are complete or resolved.", 100.0;
    QUEUE_REASON: "reason" Word(&["created", "parked"]), "Whether the task is new, or was let go of for a while.", "created";
    WAKE_AT: "wake_at" Moment, "Not before this moment; at once without it, or when somebody acts.", "2026-11-23T09:35:00.000000Z";
}
