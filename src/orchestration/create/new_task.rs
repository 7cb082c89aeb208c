//! A task as it is stored first, from its template and the request.

use serde_json::{Value, json};

use super::{TaskRequest, hash};
use crate::{
    auth::Subject,
    model::{
        change::{NewStep, NewTask},
        event::{Event, EventName, EventStep, EventTask},
        id::{StepId, StepNo, TaskId},
        status::Status,
        template::Template,
        time::Timestamp,
    },
};

pub(super) fn new_task(
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
        created_details(template, request),
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
        trace: request.trace.clone(),
        requested_at: request.requested_at.unwrap_or(now),
        deadline_at: request.timeout.or(template.timeout).map(|limit| now.plus(limit)),
        created_at: now,
        steps,
        events,
    }
}

fn created_details(template: &Template, request: &TaskRequest) -> Value {
    let mut details = json!({ "version": template.version.to_string(), "total_steps": template.steps.len() });
    if let Some(request_id) = &request.request_id {
        details["request_id"] = json!(request_id);
    }
    details
}
