//! What the metrics say of tasks and steps is counted here, of what was committed and by nobody else: their sums are
//! those of the log.

use serde_json::Value;

use crate::{
    metrics::{
        Metrics,
        labels::{ByOutcome, ByStatus, Outcome},
    },
    model::{
        event::{Event, EventName},
        failure::FailureKind,
        outcome::ReleaseReason,
        status::Status,
    },
};

/// These were committed.
pub(super) fn count(metrics: &Metrics, events: &[Event]) {
    events.iter().for_each(|event| one(metrics, event));
}

fn one(metrics: &Metrics, event: &Event) {
    match &event.name {
        EventName::TaskCreated => drop(metrics.tasks_created.inc()),
        EventName::TaskCompleted
        | EventName::TaskFailed
        | EventName::TaskCancelled
        | EventName::TaskResolvedManually => task(metrics, event),
        EventName::StepStarted => drop(metrics.steps_started.inc()),
        EventName::StepCompleted
        | EventName::StepFailed
        | EventName::StepReleased
        | EventName::StepCancelled => attempt(metrics, event),
        EventName::StepRetryScheduled => drop(metrics.step_retries.inc()),
        EventName::StepAwaitingWorker => drop(metrics.steps_awaiting_worker.inc()),
        EventName::TaskStarted
        | EventName::TaskRetryRequested
        | EventName::TaskUpdated
        | EventName::TaskDeleted
        | EventName::StepMaxRetriesReached
        | EventName::StepRetryRequested
        | EventName::StepResolvedManually
        | EventName::StepUpdated => {}
        // Told in this process alone, and never committed.
        EventName::ViableStepsDiscovered
        | EventName::TaskFinalized
        | EventName::TaskEnqueued
        | EventName::StepBackoff => {}
        EventName::Custom(_) => drop(metrics.custom_events.inc()),
    }
}

/// A task came to rest.
fn task(metrics: &Metrics, event: &Event) {
    let Some(status) = event.to else { return };
    metrics.tasks_finished.get_or_create(&ByStatus { status }).inc();
    if let Some(seconds) = seconds(event) {
        let labels = metrics.templates().label(&event.task.namespace, &event.task.name);
        metrics.task_duration_seconds.get_or_create(&labels).observe(seconds);
    }
}

/// An attempt ended. What fails or is cancelled without having run is none.
fn attempt(metrics: &Metrics, event: &Event) {
    if event.from != Some(Status::InProgress) {
        return;
    }
    let reason = event.details.as_ref().and_then(|details| details.get("reason")).and_then(Value::as_str);
    if event.name == EventName::StepReleased && reason == Some(ReleaseReason::WorkerLost.as_str()) {
        metrics.worker_leases_lost.inc();
    }
    let outcome = match event.name {
        EventName::StepCompleted => Outcome::Complete,
        EventName::StepReleased => Outcome::Released,
        EventName::StepCancelled => Outcome::Cancelled,
        _ => failed(event),
    };
    metrics.steps_finished.get_or_create(&ByOutcome { outcome }).inc();
    if let Some(seconds) = seconds(event) {
        let labels = metrics.templates().label(&event.task.namespace, &event.task.name);
        metrics.step_duration_seconds.get_or_create(&labels).observe(seconds);
    }
}

fn failed(event: &Event) -> Outcome {
    let class = detail(event, "exception_class").and_then(Value::as_str);
    let kind = FailureKind::ALL.into_iter().find(|kind| Some(kind.as_str()) == class);
    match kind {
        Some(FailureKind::Retryable) => Outcome::Retryable,
        Some(FailureKind::Panic) => Outcome::Panic,
        Some(FailureKind::Timeout) => Outcome::Timeout,
        Some(FailureKind::Lost | FailureKind::NodeLost) => Outcome::Lost,
        Some(FailureKind::Permanent) | None => Outcome::Permanent,
    }
}

fn seconds(event: &Event) -> Option<f64> {
    detail(event, "execution_duration").and_then(Value::as_f64)
}

fn detail<'e>(event: &'e Event, key: &str) -> Option<&'e Value> {
    event.details.as_ref()?.get(key)
}
