//! Tasker's own events: one table.

use super::{Definition, key::*, payload::Payload};
use crate::model::event::EventName::{self, *};

/// A row of the table.
struct Row {
    description: &'static str,
    fired_by: &'static [&'static str],
    keys: Vec<Key>,
}

/// Who runs a task publishes most of what happens to it.
const OWNER: &[&str] = &["the node that runs the task"];

/// The definition of Tasker's own events; none for custom ones.
pub(super) fn definition(event: &EventName) -> Option<Definition> {
    let Row { description, fired_by, keys } = row(event)?;
    let (category, name) = (event.category().to_owned(), event.as_str().to_owned());
    let about_step = category == "step" || *event == StepBackoff;
    // A handler may add to the completion of its step.
    let payload = Payload::of(about_step, &keys, *event == StepCompleted);
    Some(Definition {
        payload_schema: payload.schema(),
        example_payload: payload.example(),
        description: description.to_owned(),
        fired_by: fired_by.iter().map(ToString::to_string).collect(),
        durable: event.is_durable(),
        custom: false,
        category,
        name,
    })
}

fn row(event: &EventName) -> Option<Row> {
    let of = |description, fired_by, keys: &[Key]| Some(Row { description, fired_by, keys: keys.to_vec() });
    let why = REASON.perhaps();
    let sums =
        [TOTAL_STEPS, COMPLETED_STEPS, FAILED_STEPS, EXECUTION_DURATION.perhaps(), TOTAL_EXECUTION_DURATION];
    let and = |keys: &[Key], more: &[Key]| [keys, more].concat();
    match event {
        TaskCreated => of(
            "The task is stored, with its steps.",
            &["createTask", "createTasks"],
            &[VERSION, TOTAL_STEPS, REQUEST_ID.perhaps()],
        ),
        TaskStarted => of("The first of the task's steps starts.", OWNER, &[TOTAL_STEPS]),
        TaskCompleted => of("Every step of the task is settled. Final.", OWNER, &sums),
        TaskFailed => of(
            "The task rests in error: a step has failed for good, and nothing else can run. It goes on when a step is \
             retried, resolved or cancelled.",
            OWNER,
            &and(&sums, &[ERROR_STEPS, ERROR_MESSAGE.perhaps(), EXCEPTION_CLASS.perhaps()]),
        ),
        TaskRetryRequested => of(
            "A failed task goes on: it was retried, or one of its steps was retried, resolved or cancelled.",
            &["retryTask", "retryStep", "resolveStep", "cancelStep"],
            &[TOTAL_STEPS, why],
        ),
        TaskCancelled => of(
            "The task will not be finished: it was cancelled, or every one of its steps was. Final.",
            &["cancelTask", "cancelStep"],
            &and(&sums, &[why]),
        ),
        TaskResolvedManually => {
            of("Somebody declared the task done. Final.", &["resolveTask"], &and(&sums, &[why]))
        }
        TaskUpdated => of("The task's reason or tags were changed.", &["updateTask"], &[TASK_CHANGES, why]),
        TaskDeleted => of(
            "The task is gone, with its steps, events and contents.",
            &["deleteTask"],
            &[STEPS_BY_STATUS, why],
        ),
        StepStarted => of("An attempt of the step begins.", OWNER, &[RETRY_LIMIT, WORKER.perhaps()]),
        StepCompleted => of(
            "The step's handler has answered, and its results are stored. The handler may add keys of its own \
             (`publish_completed`); it can't replace these.",
            OWNER,
            &[ATTEMPT_DURATION],
        ),
        StepFailed => of(
            "An attempt of the step has failed. `step.retry_scheduled` follows where there will be another, and \
             `step.max_retries_reached` where there could have been.",
            OWNER,
            &[ERROR_MESSAGE, EXCEPTION_CLASS, ERROR_CODE.perhaps(), ATTEMPT_DURATION.perhaps()],
        ),
        StepRetryScheduled => of(
            "Another attempt follows the failed one.",
            OWNER,
            &[BACKOFF_SECONDS, BACKOFF_TYPE, NEXT_ATTEMPT_AT, PREVIOUS_ATTEMPTS],
        ),
        StepMaxRetriesReached => of(
            "The step has failed, trying again might have helped, and no attempt is left: it rests in error.",
            OWNER,
            &[ERROR_MESSAGE, EXCEPTION_CLASS, ERROR_CODE.perhaps(), ATTEMPT_DURATION.perhaps(), RETRY_LIMIT],
        ),
        StepRetryRequested => of(
            "Somebody gives the step more attempts, or has the next one made now.",
            &["retryStep", "retryTask"],
            &[why],
        ),
        StepCancelled => of(
            "The step will not run: it was cancelled, or its task or a step before it was. Final.",
            &["cancelStep", "cancelTask", "resolveTask"],
            &[why],
        ),
        StepResolvedManually => of(
            "Somebody declared the step done, or it was bypassed when its task was created. Final.",
            &["resolveStep", "createTask", "createTasks"],
            &[why, BYPASSED.perhaps()],
        ),
        StepUpdated => {
            of("The step's retry limit or inputs were changed.", &["updateStep"], &[STEP_CHANGES, why])
        }
        StepReleased => of(
            "The step's attempt was given back without an answer, and will be made again. It does not count.",
            OWNER,
            &[RELEASE_REASON],
        ),
        StepAwaitingWorker => of(
            "No node that has looked knows the step's handler: it waits for a worker.",
            OWNER,
            &[HANDLER_CLASS],
        ),
        ViableStepsDiscovered => of(
            "Steps of the task are about to start.",
            OWNER,
            &[STEP_IDS, STEP_NAMES, STEP_COUNT, PROCESSING_MODE],
        ),
        TaskFinalized => of(
            "The task rests, and that is stored.",
            OWNER,
            &[
                FINAL_STATUS,
                EXECUTION_STATUS,
                HEALTH_STATUS,
                RECOMMENDED_ACTION,
                COMPLETION_PERCENTAGE,
                TOTAL_STEPS,
                COMPLETED_STEPS,
                FAILED_STEPS,
                EXECUTION_DURATION.perhaps(),
            ],
        ),
        TaskEnqueued => of(
            "The task is to be run, here or by whoever has room: it is new, or was let go of for a while.",
            &["createTask", "createTasks", "the node that ran the task"],
            &[QUEUE_REASON, WAKE_AT.perhaps()],
        ),
        StepBackoff => of(
            "The step waits before its next attempt, and that is stored.",
            OWNER,
            &[BACKOFF_SECONDS, BACKOFF_TYPE, NEXT_ATTEMPT_AT, PREVIOUS_ATTEMPTS],
        ),
        Custom(_) => None,
    }
}
