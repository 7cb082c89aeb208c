//! What makes two requests the same, in 64 hexadecimal characters.

use serde_json::{Value, json};

use super::TaskRequest;
use crate::model::template::digest;

/// The whole request as received: the same idempotency key must bring the same one.
pub(super) fn request(request: &TaskRequest) -> String {
    let TaskRequest { name, version, context, initiator, source_system, reason, tags, bypass_steps, .. } =
        request;
    hashed(&json!({
        "name": name,
        "namespace": request.namespace,
        "version": version,
        "context": context,
        "initiator": initiator,
        "sourceSystem": source_system,
        "reason": reason,
        "tags": tags,
        "bypassSteps": bypass_steps,
        "priority": request.priority,
        "delay": request.delay.map(|delay| delay.as_secs_f64()),
        "timeout": request.timeout.map(|limit| limit.as_secs_f64()),
        "requestedAt": request.requested_at,
    }))
}

/// The identity of a task whose template says `identity_strategy: hash`.
pub(super) fn identity(request: &TaskRequest) -> String {
    const MINUTE: i64 = 60_000_000;
    hashed(&json!({
        "namespace": request.namespace,
        "name": request.name,
        "version": request.version,
        "context": request.context,
        "requestedAt": request.requested_at.map(|at| at.0.div_euclid(MINUTE)),
    }))
}

fn hashed(value: &Value) -> String {
    digest(value).to_string()
}
